// What can be picked: functions with a point and ranges that show them well.

export const EXAMPLES = [
  {
    name: "Tutorial",
    expression: "5*(x1**2) + 6*(x2**2) + 7*(x3**2)",
    at: { x1: 1, x2: 2, x3: 3 },
    in: { x1: [-4, 4], x2: [-4, 4], x3: [-4, 4] },
  },
  {
    name: "Himmelblau",
    expression: "(x**2 + y - 11)**2 + (x + y**2 - 7)**2",
    at: { x: -0.5, y: -1.2 },
    in: { x: [-5, 5], y: [-5, 5] },
  },
  {
    name: "Rosenbrock",
    expression: "(1 - x)**2 + 100*(y - x**2)**2",
    at: { x: -1.2, y: 1 },
    in: { x: [-2, 2], y: [-1, 3] },
  },
  {
    name: "Logistic loss",
    expression:
      "lambda w, b: sum(log(1 + exp(-t*(w*s + b))) for s, t in zip([0.5, 0.8, 1.2, 1.7, 2.1, 2.6], [-1, -1, 1, -1, 1, 1]))",
    at: { w: -2, b: 4 },
    in: { w: [-4, 8], b: [-10, 6] },
  },
  {
    name: "Gaussian log-likelihood",
    expression: "lambda mu, sigma: -sum(log(sigma) + (x - mu)**2/(2*sigma**2) for x in [4.1, 5.2, 5.9, 6.4, 7.0])",
    at: { mu: 4, sigma: 2.6 },
    in: { mu: [2, 9], sigma: [0.5, 4] },
    path: "ascent",
  },
  {
    name: "Saddle in LaTeX",
    format: "latex",
    expression: "\\frac{x^2 - y^2}{1 + x^2 + y^2} e^{-\\frac{x^2 + y^2}{8}}",
    at: { x: 0.5, y: 0.2 },
    in: { x: [-5, 5], y: [-5, 5] },
  },
  {
    name: "Wave packet",
    expression: "sin(3*t)*exp(-t**2/4)",
    at: { t: 0.9 },
    in: { t: [-5, 5] },
  },
];
