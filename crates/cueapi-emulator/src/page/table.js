// A list whose rows stay the same elements while their contents change: what has the focus, or is open, remains so.

import { element } from './dom.js';

// `columns`: [{ label, className?, fill(row) → nodes }], of which the first names the row and opens it;
// `key(row)`, `open(row)` → a promise of what an opened row shows, and `actions(row)` → [{ text, title, run }], if any.
export function table(section, { columns, key, open, actions }) {
  const names = columns.map(({ label, className = '' }) => element('th', { scope: 'col', className }, label));
  if (actions) names.push(element('th', {}, element('span', { className: 'hidden' }, 'Actions')));
  const head = element('thead', {}, element('tr', {}, ...names));
  const body = element('tbody');
  const rows = new Map();
  let first = true;

  function make() {
    const toggle = element('button', { type: 'button', className: 'toggle', ariaExpanded: 'false' });
    const cells = columns.map((column) => {
      const cell = element('td', { className: column.className ?? '' });
      cell.dataset.label = column.label;
      return cell;
    });
    cells[0].append(toggle);
    const buttons = element('div', { className: 'actions' });
    if (actions) cells.push(element('td', {}, buttons));
    const made = { line: element('tr', {}, ...cells), cells, toggle, buttons, detail: null, text: '', row: null };
    toggle.onclick = () => (made.detail ? close(made) : reveal(made));
    return made;
  }

  function update(made, row) {
    made.row = row;
    columns.forEach((column, at) => {
      const nodes = [column.fill(row)].flat().filter(Boolean);
      if (at > 0) return made.cells[at].replaceChildren(...nodes);
      made.toggle.textContent = nodes[0];
      return made.cells[0].replaceChildren(made.toggle, ...nodes.slice(1));
    });
    (actions?.(row) ?? []).forEach((action, at) => {
      const button = made.buttons.children[at] ?? made.buttons.appendChild(element('button', { type: 'button' }));
      button.textContent = action.text;
      button.title = action.title;
      button.onclick = () => action.run(made.row);
    });
    if (made.detail) fetchDetail(made);
  }

  function reveal(made) {
    made.detail = element('tr', { className: 'detail' }, element('td', { colSpan: names.length }, 'Loading…'));
    made.line.classList.add('open');
    made.toggle.ariaExpanded = 'true';
    made.line.after(made.detail);
    fetchDetail(made);
  }

  function close(made) {
    made.detail.remove();
    made.detail = null;
    made.line.classList.remove('open');
    made.toggle.ariaExpanded = 'false';
  }

  async function fetchDetail(made) {
    const { detail } = made;
    let shown;
    try {
      shown = await open(made.row);
    } catch (problem) {
      shown = problem.message;
    }
    detail.firstChild.replaceChildren(shown);
  }

  // Puts the rows in order, and touches only what is not as it should be.
  return function show({ total, rows: list }) {
    const count = total > list.length ? `newest ${list.length} of ${total.toLocaleString('en')}` : total || '';
    section.querySelector('.count').textContent = count;
    section.querySelector('table').replaceChildren(...(list.length ? [head, body] : []));
    const keys = new Set(list.map(key));
    for (const [id, made] of rows) {
      if (!keys.has(id)) {
        made.detail?.remove();
        made.line.remove();
        rows.delete(id);
      }
    }
    let place = body.firstChild;
    for (const row of list) {
      const known = rows.get(key(row));
      const made = known ?? make();
      const text = JSON.stringify(row);
      if (made.text !== text) {
        made.text = text;
        update(made, row);
      }
      if (!known) {
        rows.set(key(row), made);
        made.line.classList.toggle('fresh', !first);
      }
      if (made.line === place) place = place.nextSibling;
      else body.insertBefore(made.line, place);
      if (made.detail) {
        if (made.detail === place) place = place.nextSibling;
        else body.insertBefore(made.detail, place);
      }
    }
    first = false;
  };
}
