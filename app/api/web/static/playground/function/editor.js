// The text box of the function: it grows with its text, and what is wrong is underlined where it stands.

const WORD = /^[\p{L}\p{N}_]+/u;

/** Join a text area and the layer behind it that draws the underline. */
export function makeEditor(area, marks, message) {
  const draw = (place) => {
    marks.replaceChildren(...pieces(area.value, place));
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + 2}px`;
  };
  area.addEventListener("input", () => draw(null));
  new ResizeObserver(() => draw(place(marks))).observe(marks);
  return {
    get text() {
      return area.value;
    },
    set text(text) {
      if (area.value !== text) area.value = text;
      draw(null);
    },
    clear() {
      area.removeAttribute("aria-invalid");
      message.textContent = "";
      draw(null);
    },
    show(problem) {
      area.setAttribute("aria-invalid", "true");
      message.textContent = sentence(problem);
      draw(problem.position ? range(area.value, problem.position.offset) : null);
    },
  };
}

function sentence({ message, position, hint }) {
  const where = position ? `Line ${position.line}, column ${position.column}: ` : "";
  return `${where}${message}${hint ? ` (${hint})` : ""}`;
}

/** The word or character at an offset; the service counts characters, JavaScript counts UTF-16 units. */
function range(text, offset) {
  const start = Array.from(text).slice(0, offset).join("").length;
  const rest = text.slice(start);
  const length = WORD.exec(rest)?.[0].length ?? (rest === "" ? 0 : Array.from(rest)[0].length);
  return [start, start + length];
}

function pieces(text, place) {
  if (place === null) return [`${text} `];
  const [start, end] = place;
  const mark = document.createElement("mark");
  mark.textContent =
    end > start && text.slice(start, end).trim() ? text.slice(start, end) : `\u00a0${text.slice(start, end)}`;
  return [text.slice(0, start), mark, `${text.slice(end)} `];
}

function place(marks) {
  const mark = marks.querySelector("mark");
  const start = mark?.previousSibling?.textContent.length ?? 0;
  return mark && [start, start + mark.textContent.replace(/^\u00a0/, "").length];
}
