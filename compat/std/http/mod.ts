/**
 * Stand-in for `@std/http` where JSR cannot be reached: the functions used here.
 *
 * @module
 */

/** Media types that a request accepts, best first; with `types`, the best one among them. */
export function accepts(request: Pick<Request, "headers">): string[];
/** Media types that a request accepts, best first; with `types`, the best one among them. */
export function accepts(request: Pick<Request, "headers">, ...types: string[]): string | undefined;
export function accepts(request: Pick<Request, "headers">, ...types: string[]): string[] | string | undefined {
  const header = request.headers.get("accept");
  const ranges = header ? parseAccept(header) : [{ type: "*/*", quality: 1, order: 0 }];
  if (types.length === 0) return ranges.filter((range) => range.quality > 0).sort(byPreference).map(({ type }) => type);
  const ranked = types
    .map((type, position) => ({ type, position, range: mostSpecific(type, ranges) }))
    .filter(({ range }) => range !== undefined && range.quality > 0)
    .sort((a, b) =>
      b.range!.quality - a.range!.quality || specificity(b.range!.type) - specificity(a.range!.type) ||
      a.range!.order - b.range!.order || a.position - b.position
    );
  return ranked[0]?.type;
}

interface MediaRange {
  type: string;
  quality: number; // in [0, 1]
  order: number; // place in the header
}

function parseAccept(header: string): MediaRange[] {
  return header.split(",").flatMap((part, order) => {
    const [type, ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    if (!/^[^\s/;]+\/[^\s/;]+$/.test(type)) return [];
    const q = parameters.find((parameter) => parameter.startsWith("q="));
    return [{ type, quality: q === undefined ? 1 : Number(q.slice(2)) || 0, order }];
  });
}

function mostSpecific(type: string, ranges: readonly MediaRange[]): MediaRange | undefined {
  const [wantedType, wantedSubtype] = type.toLowerCase().split("/");
  return ranges
    .filter((range) => {
      const [rangeType, rangeSubtype] = range.type.split("/");
      return (rangeType === "*" || rangeType === wantedType) &&
        (rangeSubtype === "*" || rangeSubtype === wantedSubtype);
    })
    .sort((a, b) => specificity(b.type) - specificity(a.type))[0];
}

function specificity(range: string): number {
  return range === "*/*" ? 0 : range.endsWith("/*") ? 1 : 2;
}

function byPreference(a: MediaRange, b: MediaRange): number {
  return b.quality - a.quality || specificity(b.type) - specificity(a.type) || a.order - b.order;
}
