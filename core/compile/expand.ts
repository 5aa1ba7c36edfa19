/**
 * Writes the repetition in a `.wgsl` file: loops over registers that must be unrolled, and text for some cases only.
 *
 * | line or text                     | becomes                                                             |
 * |----------------------------------|---------------------------------------------------------------------|
 * | `//# for r in 0..ROWS` … `//# end` | the lines between, once for every `r` from 0 to `ROWS - 1`           |
 * | `//# if STEP == 4` … `//# else` … `//# end` | the lines of one side; `else` may be missing or be `else if` |
 * | `${r % 4}`                       | the value                                                           |
 *
 * Expressions are integers and names with `+ - * / % ( )`, comparisons, `&& || !`; `/` rounds down, true is 1.
 */

type Names = Readonly<Record<string, number>>;
interface Line {
  readonly text: string;
  readonly number: number;
}

/**
 * The text of `template` with directives carried out and `${…}` replaced.
 *
 * @throws {SyntaxError} For a directive without its end, an unknown name, or an expression that cannot be read
 * @example
 * ```ts
 * expand("//# for r in 0..2\nvar sum${r} = ${WIDTH * r};\n//# end", { WIDTH: 8 }); // "var sum0 = 0;\nvar sum1 = 8;"
 * ```
 */
export function expand(template: string, constants: Names): string {
  const lines = template.split("\n").map((text, i) => ({ text, number: i + 1 }));
  return expandLines(lines, constants).join("\n");
}

function expandLines(lines: readonly Line[], names: Names): string[] {
  const result: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const words = directive(lines[at]);
    if (words === null) {
      result.push(substitute(lines[at], names));
      continue;
    }
    if (words[0] !== "for" && words[0] !== "if") {
      throw failure(lines[at], `found "${words.join(" ")}", expected for or if`);
    }
    const parts = branches(lines, at);
    if (words[0] === "for") result.push(...repeat(lines[at], lines.slice(at + 1, parts.end), names));
    else {
      const taken = parts.starts.find((start) => {
        const condition = /^(?:else\s+)?if\s+(.*)$/.exec(directive(lines[start])!.join(" "));
        return condition === null || evaluate(condition[1], names, lines[start]) !== 0;
      });
      if (taken !== undefined) {
        const next = parts.starts[parts.starts.indexOf(taken) + 1] ?? parts.end;
        result.push(...expandLines(lines.slice(taken + 1, next), names));
      }
    }
    at = parts.end;
  }
  return result;
}

function directive(line: Line): string[] | null {
  const match = /^\s*\/\/#\s*(.*?)\s*$/.exec(line.text);
  return match && match[1].split(/\s+/);
}

/** Where the block opened at line `open` ends, and where its `if`, `else if` and `else` stand. */
function branches(lines: readonly Line[], open: number): { starts: number[]; end: number } {
  const starts = [open];
  let depth = 0;
  for (let at = open; at < lines.length; at++) {
    const word = directive(lines[at])?.[0];
    if (word === "for" || word === "if") depth++;
    if (word === "else" && depth === 1) starts.push(at);
    if (word === "end" && --depth === 0) return { starts, end: at };
  }
  throw failure(lines[open], "found no end of the block, expected //# end");
}

function repeat(head: Line, body: readonly Line[], names: Names): string[] {
  const match = /^for\s+(\w+)\s+in\s+(.+?)\.\.(.+)$/.exec(directive(head)!.join(" "));
  if (match === null) throw failure(head, `found "${head.text.trim()}", expected //# for name in from..to`);
  const from = evaluate(match[2], names, head);
  const to = evaluate(match[3], names, head);
  const result: string[] = [];
  for (let i = from; i < to; i++) result.push(...expandLines(body, { ...names, [match[1]]: i }));
  return result;
}

function substitute(line: Line, names: Names): string {
  return line.text.replace(/\$\{([^}]*)\}/g, (_, expression: string) => String(evaluate(expression, names, line)));
}

/** Binary operators, loosest first. */
const OPERATORS: readonly Readonly<Record<string, (a: number, b: number) => number>>[] = [
  { "||": (a, b) => Number(a !== 0 || b !== 0) },
  { "&&": (a, b) => Number(a !== 0 && b !== 0) },
  {
    "==": (a, b) => Number(a === b),
    "!=": (a, b) => Number(a !== b),
    "<=": (a, b) => Number(a <= b),
    ">=": (a, b) => Number(a >= b),
    "<": (a, b) => Number(a < b),
    ">": (a, b) => Number(a > b),
  },
  { "+": (a, b) => a + b, "-": (a, b) => a - b },
  { "*": (a, b) => a * b, "/": (a, b) => Math.floor(a / b), "%": (a, b) => a % b },
];

function evaluate(expression: string, names: Names, line: Line): number {
  const tokens = expression.match(/\d+|\w+|\|\||&&|[=!<>]=|\S/g) ?? [];
  let at = 0;

  function operand(): number {
    const token = tokens[at++];
    if (token === "-") return -operand();
    if (token === "!") return Number(operand() === 0);
    if (token === "(") {
      const value = binary(0);
      if (tokens[at++] !== ")") throw failure(line, `found "${expression}", expected a closing parenthesis`);
      return value;
    }
    if (token !== undefined && /^\d+$/.test(token)) return Number(token);
    if (token === undefined || !/^[A-Za-z_]\w*$/.test(token)) {
      throw failure(line, `found "${expression}", expected a number or a name`);
    }
    if (!Object.hasOwn(names, token)) {
      throw failure(line, `found the name ${token}, expected one of ${Object.keys(names).join(", ") || "none"}`);
    }
    return names[token];
  }

  function binary(level: number): number {
    if (level === OPERATORS.length) return operand();
    let value = binary(level + 1);
    while (tokens[at] !== undefined && Object.hasOwn(OPERATORS[level], tokens[at])) {
      const apply = OPERATORS[level][tokens[at++]];
      value = apply(value, binary(level + 1));
    }
    return value;
  }

  const value = binary(0);
  if (at < tokens.length) throw failure(line, `found "${tokens[at]}" in "${expression}", expected its end`);
  return value;
}

function failure(line: Line, detail: string): SyntaxError {
  return new SyntaxError(`Cannot expand line ${line.number}: ${detail}`);
}
