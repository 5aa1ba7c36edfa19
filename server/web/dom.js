// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** Elements, made and found. */

/** @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} Attributes */

/**
 * An HTML element. Functions become listeners, `true` an empty attribute; false, null and undefined none.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes]
 * @param {(Node | string | null | false)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function html(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/**
 * An SVG element, as `html`.
 *
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes]
 * @param {(Node | string | null | false)[]} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/**
 * @template {Element} E
 * @param {E} element
 * @param {Attributes} attributes
 * @param {(Node | string | null | false)[]} children
 */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== false));
  return element;
}

/**
 * The element of the page with this id.
 *
 * @param {string} id
 */
export function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * A bar whose filled part is a share.
 *
 * @param {number} share From 0 to 1
 * @param {string} [name] Class beside `bar-of`
 */
export function bar(share, name = "") {
  const filled = html("i");
  filled.style.width = `${100 * share}%`;
  return html("span", { class: `share ${name}`, "aria-hidden": "true" }, filled);
}

/**
 * Moves the focus among elements of which one can be reached with Tab.
 *
 * @param {Iterable<Element>} all
 * @param {Element} chosen
 * @param {{focus?: boolean}} [options]
 */
export function rove(all, chosen, { focus = false } = {}) {
  for (const element of all) element.setAttribute("tabindex", element === chosen ? "0" : "-1");
  if (focus) /** @type {HTMLElement | SVGElement} */ (chosen).focus();
}

/**
 * A share in per cent, with a digit behind the point where it is small.
 *
 * @param {number} share From 0 to 1
 */
export function percent(share) {
  const value = 100 * share;
  return `${value > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} %`;
}
