// The stops of the tour, from a line to a neural network: each a state of the page, and what to see there.
//
// A test compares what the page shows at each stop with JAX.

const HOURS = [0.5, 0.8, 1.2, 1.7, 2.1, 2.6, 3.0, 3.4];
const PASSED = [0, 0, 1, 0, 1, 1, 1, 1];
const XOR = [[0, 0], [0, 1], [1, 0], [1, 1]];

export const STOPS = [
  {
    name: "A line",
    text: "The value is a line in x, so its slope is 2 everywhere. The dashed curve is the derivative: it is flat. Move the slider, or press the picture.",
    expression: "2*x + 1",
    at: { x: 1 },
    in: { x: [-3, 3] },
  },
  {
    name: "A parabola",
    text: "The tangent turns as x moves. At 1 it is level: the derivative is 0, and the value is least. The formulae below are exact, not differences.",
    expression: "x**2 - 2*x + 3",
    at: { x: -0.5 },
    in: { x: [-2, 4] },
  },
  {
    name: "Three numbers, two of them asked for",
    text: "A function of three numbers has three partial derivatives. The box beside x2 is not ticked, so the request has argnums [0, 2] and the answer two numbers. Tick it to ask for all three.",
    expression: "5*(x1**2) + 6*(x2**2) + 7*(x3**2)",
    at: { x1: 1, x2: 2, x3: 3 },
    in: { x1: [-4, 4], x2: [-4, 4], x3: [-4, 4] },
    hold: ["x2"],
  },
  {
    name: "The same as one array",
    text: "Now the three numbers are one argument X. It has a grid: paste a row of a spreadsheet into it, or add a number. The gradient has the shape of X.",
    expression: "def y(X):\n    r = X[0]**2\n    return 5*r + 6*(X[1]**2) + 7*(X[2]**2)",
    at: { X: [1, 2, 3] },
    in: { "X[0]": [-4, 4], "X[1]": [-4, 4], "X[2]": [-4, 4] },
  },
  {
    name: "sin(x)/x at 0",
    text: "The formula divides 0 by 0. A condition takes the other branch there, and the gradient is finite: a branch that is not taken never makes it NaN.",
    expression: "sin(x)/x if x != 0 else 1.0",
    at: { x: 0 },
    in: { x: [-12, 12] },
  },
  {
    name: "A logistic regression with data",
    text: "The hours of study and who passed are data: their boxes are not ticked. The contours are the loss by w and b, and the path leads down to the fit. Change a number of the data, and the valley moves.",
    expression: "lambda w, b, hours, passed: mean(log(1 + exp(w*hours + b)) - passed*(w*hours + b))",
    at: { w: 0, b: 0, hours: HOURS, passed: PASSED },
    in: { w: [-1, 7], b: [-10, 4] },
    hold: ["hours", "passed"],
  },
  {
    name: "Rosenbrock's valley",
    text: "The minimum at (1, 1) lies in a bent, flat valley. The Hessian says so: one eigenvalue is hundreds of times as large as the other. Choose the surface to see the walls.",
    expression: "(1 - x)**2 + 100*(y - x**2)**2",
    at: { x: 1, y: 1 },
    in: { x: [-2, 2], y: [-1, 3] },
    show: ["second"],
  },
  {
    name: "A round point",
    text: "The norm has a tip at the origin. It has no derivative there, and the answer follows JAX. One step away the gradient has length 1 in every direction.",
    expression: "sqrt(x**2 + y**2)",
    at: { x: 3, y: 4 },
    in: { x: [-6, 6], y: [-6, 6] },
    view: "surface",
  },
  {
    name: "A differential equation",
    text: "A pendulum, followed for five seconds in 50 steps of a loop. The gradient goes back through all steps: it says how the last angle depends on where and how fast the pendulum began. The explanation lists what is computed.",
    expression:
      "def last_angle(angle, speed):\n    for step in range(50):\n        speed = speed - 0.1*sin(angle)\n        angle = angle + 0.1*speed\n    return angle",
    at: { angle: 1, speed: 0.5 },
    in: { angle: [-3, 3], speed: [-2, 2] },
    show: ["explain"],
  },
  {
    name: "A neural network",
    text: "Two inputs, three hidden neurons, one output, and the loss over the four rows of exclusive or. Every matrix has its gradient with it, blue for up and orange for down. Training takes a step against it, again and again.",
    expression:
      "def loss(W, b, v, X, y):\n    hidden = tanh(X @ W + b)\n    out = 1/(1 + exp(-(hidden @ v)))\n    return mean((out - y)**2)",
    at: {
      W: [[1, -1, 0.5], [-1, 1, 0.5]],
      b: [0.1, -0.2, 0.3],
      v: [1, 1, -0.5],
      X: XOR,
      y: [0, 1, 1, 0],
    },
    hold: ["X", "y"],
  },
];
