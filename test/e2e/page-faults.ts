/** In the page: what is wider than its place, the window included, and neither scrolls for all to see nor says that it is cut. */
export function widerThanItsPlace(): string[] {
  const root = document.documentElement;
  const faults = root.scrollWidth > root.clientWidth ? [`the page is ${root.scrollWidth} wide`] : [];
  for (const element of document.querySelectorAll('body *')) {
    const { overflowX, textOverflow, webkitLineClamp } = getComputedStyle(element);
    if (!element.checkVisibility() || element.matches('.visually-hidden, .rich__table')) continue;
    const cutsOpenly = textOverflow === 'ellipsis' || webkitLineClamp !== 'none';
    if (overflowX !== 'visible' && !cutsOpenly && element.scrollWidth > element.clientWidth)
      faults.push(`${element.tagName}.${element.className} is ${element.scrollWidth} wide in ${element.clientWidth}`);
  }
  return faults;
}

/** In the page: what cannot be read to its end, and rows that are broken. */
export function cutOrBroken(): string[] {
  const faults: string[] = [];
  for (const box of document.querySelectorAll('textarea')) {
    const text = box.value;
    box.value = box.placeholder;
    if (box.scrollHeight > box.clientHeight) faults.push(`the placeholder “${box.placeholder}” is cut`);
    box.value = text;
  }
  const legend = [...document.querySelectorAll('.egress-legend li')].map((item) => item.getBoundingClientRect().top);
  if (new Set(legend).size !== 1) faults.push('the legend is not one row');
  return faults;
}
