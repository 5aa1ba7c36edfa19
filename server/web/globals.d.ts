/** What the page's two packages define when their scripts are loaded. */

/** A node of `d3.hierarchy` after a layout: `x` runs along a level, `y` from level to level. */
interface DrawnNode<T> {
  data: T;
  x: number;
  y: number;
  depth: number;
  height: number;
  parent: DrawnNode<T> | null;
  children?: DrawnNode<T>[];
  descendants(): DrawnNode<T>[];
  leaves(): DrawnNode<T>[];
}

interface ClusterLayout {
  size(size: [number, number]): ClusterLayout;
  separation(of: () => number): ClusterLayout;
  <T>(root: DrawnNode<T>): DrawnNode<T>;
}

declare const d3: {
  hierarchy<T>(data: T, children: (data: T) => T[]): DrawnNode<T>;
  cluster(): ClusterLayout;
};

interface Window {
  uPlot: typeof import("uplot");
}
