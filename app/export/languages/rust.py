"""Rust, with its standard library."""

from __future__ import annotations

from app.export import program as programs
from app.export.forms import C_LOGIC, CHOICE, OPERATORS, WordForm, calls
from app.export.language import Language, Syntax
from app.export.languages.c import element

WORDS: dict[str, WordForm] = {
    **OPERATORS,
    **C_LOGIC,
    "select": WordForm("if {0} {{ {1} }} else {{ {2} }}", CHOICE),
    **calls("sin cos tan asin acos atan sinh cosh tanh exp exp2 log=ln log2 log10 sqrt cbrt", before="f64::"),
    **calls("expm1=exp_m1 log1p=ln_1p abs floor ceil trunc round=round_ties_even", before="f64::"),
    **calls("atan2 hypot copysign maximum=max minimum=min pow=powf pow_const=powf const_pow=powf", 2, before="f64::"),
    "fmod": WordForm("{0} % {1}", OPERATORS["div"].level, OPERATORS["div"].operands),
}

SYNTAX = Syntax(
    infinity="f64::INFINITY",
    nan="f64::NAN",
    whole=False,
    as_condition=WordForm("{0} != 0.0", OPERATORS["equal"].level, OPERATORS["equal"].operands),
    as_number=WordForm("f64::from({0})"),
    assign="let {0} = {1};",
    assign_condition="let {0} = {1};",
    function="fn {name}({parameters}) -> f64 {{\n{body}    {result}\n}}\n",
    parameter="{0}: f64",
    comment="// ",
    unicode=False,
    keywords="as async await box break const continue crate do dyn else enum extern false final fn for gen if impl in"
    " let loop macro match mod move mut override priv pub ref return self Self static struct super trait true try type"
    " typeof union unsafe unsized use virtual where while yield abstract become f64 point tangents value",
)


def _layout(program: programs.SourceFileParts) -> str:
    parts = ["\n".join(program.heading) + "\n", *program.helpers]
    return "\n".join([*parts, *[_function(program, each) for each in program.functions]])


def _function(program: programs.SourceFileParts, function: programs.DerivedFunction) -> str:
    point = f"point: &[f64; {program.offsets[-1]}]"
    flat = [entry for entries in function.entries for entry in entries]
    moved = f", tangents: &[f64; {len(flat)}]" if function.moved else ""
    lines = [
        "#[allow(non_snake_case, unused_parens, unused_variables)]",
        f"pub fn {function.name}({point}{moved}) -> (f64, [f64; {len(flat)}]) {{",
    ]
    for argument, start in zip(program.arguments, program.offsets, strict=False):
        if argument.used and argument.shape == ():
            lines.append(f"    let {argument.name} = point[{start}];")
        elif argument.used:
            lines.append(f"    let {argument.name} = &point[{start}..{start + argument.size}];")
    lines += [f"    {line}" for line in function.lines]
    listed = programs.broken("[", flat, "]", "    ")
    return "\n".join([*lines, f"    ({function.value}, {listed})", "}", ""])


RUST = Language(
    name="rust",
    title="Rust",
    filename="value_and_grad.rs",
    media_type="text/x-rust",
    words=WORDS,
    syntax=SYNTAX,
    layout=_layout,
    element=element,
    listed=lambda name, place, _: f"{name}[{place}]",
)
