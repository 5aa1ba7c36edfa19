import { assertEquals, assertThrows } from "@std/assert";
import { expand } from "../core/compile/expand.ts";

Deno.test("expand() leaves ordinary text as it is", () => {
  const text = "fn f() {\n  // a comment\n  return;\n}\n";
  assertEquals(expand(text, {}), text);
});

Deno.test("expand() repeats the lines of a for, also nested", () => {
  const text = "//# for r in 0..ROWS\n  //# for c in r..2\nx${r}${c} = ${r * 2 + c};\n  //# end\n//# end\nlast";
  assertEquals(expand(text, { ROWS: 2 }), "x00 = 0;\nx01 = 1;\nx11 = 3;\nlast");
});

Deno.test("expand() writes nothing for an empty range", () => {
  assertEquals(expand("a\n//# for r in 0..N - 1\nb\n//# end\nc", { N: 1 }), "a\nc");
});

Deno.test("expand() takes one side of an if", () => {
  const text = "//# if A == 1\none\n//# else if A == 2\n//# if B\ntwo\n//# end\n//# else\nmany\n//# end";
  assertEquals(expand(text, { A: 1, B: 1 }), "one");
  assertEquals(expand(text, { A: 2, B: 1 }), "two");
  assertEquals(expand(text, { A: 2, B: 0 }), "");
  assertEquals(expand(text, { A: 3, B: 0 }), "many");
  assertEquals(expand("//# if A\nyes\n//# end", { A: 0 }), "");
});

Deno.test("expand() does not read names on the side it leaves out", () => {
  assertEquals(expand("//# if 0\n${UNKNOWN}\n//# end\nend", {}), "end");
});

Deno.test("expand() calculates with the usual precedence", () => {
  const value = (expression: string) => Number(expand(`\${${expression}}`, { A: 7, B: 2 }));
  assertEquals(value("1 + A * B"), 15);
  assertEquals(value("(1 + A) * B"), 16);
  assertEquals(value("A - B - 1"), 4);
  assertEquals(value("A / B"), 3);
  assertEquals(value("A % B"), 1);
  assertEquals(value("-A + 8"), 1);
  assertEquals(value("A > B && !(A == B)"), 1);
  assertEquals(value("A < B || B <= 1"), 0);
  assertEquals(value("A >= 7"), 1);
  assertEquals(value("A != 7"), 0);
});

Deno.test("expand() names the line of a mistake", () => {
  const fails = (text: string, message: string) => assertThrows(() => expand(text, { ROWS: 4 }), SyntaxError, message);
  fails("a\n//# for r in 0..ROWS\nb", "line 2");
  fails("//# if ROWS\na", "found no end");
  fails("a\n//# end", 'found "end"');
  fails("//# else\n//# end", "line 1");
  fails("\n\n${rows}", "line 3: found the name rows");
  fails("//# for r over ROWS\n//# end", "expected //# for name in from..to");
  fails("${(1 + 2}", "closing parenthesis");
  fails("${1 2}", 'found "2"');
  fails("${}", "expected a number or a name");
  fails("//# while 1\n//# end", "expected for or if");
});
