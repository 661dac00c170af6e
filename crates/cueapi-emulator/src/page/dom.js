// Elements, moments and JSON text. Nothing here reads text as HTML: names and payloads are anybody's.

export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ''));
  return node;
}

export const small = (text) => (text ? element('span', { className: 'small' }, text) : null);

export function pill(text, tone = '') {
  return element('span', { className: `pill ${tone}` }, text.replaceAll('_', ' '));
}

// `2026-03-02 08:00:00`, UTC as everything on the page.
export const plain = (moment) => moment.slice(0, 19).replace('T', ' ');

// Today's moments by their time only.
export function short(moment, now) {
  const text = plain(moment);
  return text.slice(0, 10) === plain(new Date(now).toISOString()).slice(0, 10) ? text.slice(11) : text;
}

export function since(moment, now) {
  const seconds = Math.round((Date.parse(moment) - now) / 1000);
  const span = length(Math.abs(seconds));
  if (seconds === 0) return 'now';
  return seconds > 0 ? `in ${span}` : `${span} ago`;
}

function length(seconds) {
  const units = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  const first = units.findIndex(([size]) => seconds >= size);
  const parts = units.slice(first, first + 2).map(([size, name], at) => {
    const amount = Math.floor((at ? seconds % units[first][0] : seconds) / size);
    return amount ? `${amount} ${name}` : '';
  });
  return parts.filter(Boolean).join(' ');
}

// JSON with line breaks. Every token stays as it is: JSON.parse would make 1.0 into 1.
export function pretty(text) {
  let out = '';
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"?|[[{]\s*[\]}]|[[\]{},:]|[^\s"[\]{},:]+/g)) {
    if (token === '{' || token === '[') {
      depth += 1;
      out += token + line(depth);
    } else if (token === '}' || token === ']') {
      depth = Math.max(0, depth - 1);
      out += line(depth) + token;
    } else if (token === ',') out += token + line(depth);
    else if (token === ':') out += ': ';
    else out += token;
  }
  return out;
}

const line = (depth) => `\n${'  '.repeat(Math.min(depth, 20))}`;

// A text that the server may have cut.
export function block({ text, hidden }) {
  const shown = element('pre', { tabIndex: 0 }, /^[[{]/.test(text) ? pretty(text) : text || '(empty)');
  if (!hidden) return shown;
  return element('div', {}, shown, small(`${hidden.toLocaleString('en')} more bytes are not shown.`));
}

// Names and values; what is null is left out.
export function facts(entries) {
  const list = element('dl');
  for (const [name, value] of entries) {
    if (value !== null && value !== undefined && value !== '') {
      list.append(element('dt', {}, name), element('dd', {}, value));
    }
  }
  return list;
}
