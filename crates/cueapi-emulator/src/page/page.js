// What the page shows, kept up to date by one request that the server answers when something has changed.

import { block, element, facts, pill, plain, pretty, short, since, small } from './dom.js';
import { table } from './table.js';

const find = (selector) => document.querySelector(selector);
const rest = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

let state = null;
let chosen = null;
let waiting = new AbortController();
// How far the emulator's clock is ahead of the browser's, while it runs.
let ahead = 0;
const now = () => (state.held ? Date.parse(state.now) : Date.now() + ahead);

// --- Requests

async function read(path) {
  const answer = await fetch(`/emulator/${path}`);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.message);
  return body;
}

// The page alone has it: no other site can read it, and no button works without it.
const token = find('meta[name=token]').content;

const post = (path, body) => fetch(`/emulator/${path}`, {
  method: 'POST',
  headers: { 'X-CueAPI-Emulator': token, 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
});

// Posts, says how it went, and keeps the buttons from being pressed twice meanwhile.
async function act(path, body, said) {
  busy(true);
  say('Working…');
  try {
    const answer = await post(path, body);
    const result = await answer.json();
    say(answer.ok ? said(result) : result.message, !answer.ok);
  } catch {
    say('The emulator does not answer.', true);
  }
  busy(false);
}

function busy(yes) {
  document.body.ariaBusy = yes;
  for (const button of document.querySelectorAll('#advance button, .actions button')) button.disabled = yes;
}

function say(text, bad = false) {
  const place = find('#said');
  place.textContent = text;
  place.classList.toggle('bad', bad);
}

// --- Lists

const TONES = {
  active: 'good', success: 'good', completed: 'good', reported_success: 'good', verified_success: 'good', delivered: 'good', read: 'good', acked: 'good',
  failed: 'bad', missed: 'bad', reported_failure: 'bad', verification_failed: 'bad', dead: 'bad',
  retrying: 'wait', retry_ready: 'wait', delivering: 'wait', verification_pending: 'wait', stale: 'wait', queued: 'wait',
};
const status = (name) => pill(name, TONES[name]);

// A moment, and below it how far away it is.
function when(moment) {
  if (!moment) return [element('span', { className: 'muted nothing' }, '–')];
  return [element('time', { dateTime: moment, title: moment }, short(moment, now())), small(distance(moment))];
}

// Changes by itself.
function distance(moment) {
  const node = element('span', { className: 'distance' }, since(moment, now()));
  node.dataset.moment = moment;
  return node;
}

// What went wrong; of an execution that succeeded in the end, before.
const complaint = ({ status: name, error }) => (error && name === 'success' ? `before: ${error}` : error);

const instant = (moment) => (moment ? `${plain(moment)} UTC` : null);

const headers = (list) => (list.length ? facts(list.map(({ name, value }) => [name, element('code', {}, value)])) : null);

const MESSAGE_MOMENTS = ['send', 'created', 'delivered', 'read', 'acked', 'failed'];

const lists = {
  cues: table(find('#cues'), {
    key: (cue) => cue.id,
    columns: [
      { label: 'Cue', fill: (cue) => [cue.name, small(cue.transport === 'worker' ? 'for workers' : 'webhook')] },
      { label: 'Schedule', fill: (cue) => [element('code', {}, cue.cron ?? `once, ${plain(cue.at ?? '')}`), small(cue.timezone)] },
      { label: 'Status', fill: (cue) => status(cue.status) },
      { label: 'Next run', fill: (cue) => when(cue.next_run) },
      { label: 'Last run', className: 'less', fill: (cue) => when(cue.last_run) },
      { label: 'Runs', fill: (cue) => String(cue.runs) },
    ],
    open: async ({ id }) => {
      const cue = await read(`cues/${encodeURIComponent(id)}`);
      return facts([
        ['Id', element('code', {}, cue.id)],
        ['Description', cue.description],
        ['Callback', cue.callback],
        ['Headers', headers(cue.headers)],
        ['Payload', block(cue.payload)],
        ['Retries', cue.retry],
        ['After a final failure', [cue.on_failure_pause && 'pause', cue.on_failure_webhook].filter(Boolean).join(', ')],
        ['A success must prove', cue.verification?.replaceAll('_', ' ')],
        ['Made', instant(cue.created_at)],
      ]);
    },
    actions: (cue) => [
      { text: 'Fire', title: `Run ${cue.name} now`, run: fire },
      cue.status === 'paused'
        ? { text: 'Resume', title: `Run ${cue.name} by its schedule again`, run: (row) => change(row, 'resume', 'runs by its schedule again') }
        : { text: 'Pause', title: `Halt the schedule of ${cue.name}`, run: (row) => change(row, 'pause', 'is paused') },
      { text: 'Filter', title: `Show only the executions and deliveries of ${cue.name}`, run: (row) => choose(row.id) },
    ],
  }),

  executions: table(find('#executions'), {
    key: (execution) => execution.id,
    columns: [
      { label: 'Execution', fill: (execution) => [execution.cue, small(execution.triggered_by.replaceAll('_', ' '))] },
      { label: 'For', fill: (execution) => when(execution.scheduled_for) },
      { label: 'Status', fill: (execution) => [status(execution.status), small(execution.worker && `by ${execution.worker}`), small(complaint(execution))] },
      { label: 'Attempts', fill: (execution) => [element('span', { className: 'pair' }, `${execution.attempts} of ${execution.max_attempts}`), execution.next_retry && small(element('span', {}, 'next ', distance(execution.next_retry)))] },
      { label: 'Outcome', fill: (execution) => (execution.outcome ? [status(execution.outcome), small(execution.said)] : when(null)) },
    ],
    open: async ({ id }) => {
      const execution = await read(`executions/${encodeURIComponent(id)}`);
      const { outcome } = execution;
      const url = outcome?.result_url;
      return element('div', {},
        facts([
          ['Id', element('code', {}, execution.id)],
          ['Cue', element('code', {}, execution.cue_id)],
          ['Error', execution.error],
          ['Claimed by', execution.claimed_by],
          ...['created', 'scheduled_for', 'claimed', 'started', 'last_attempt', 'last_heartbeat', 'next_retry', 'delivered']
            .map((name) => [name.replaceAll('_', ' '), instant(execution[name] ?? execution[`${name}_at`])]),
          ['Payload of the cue', block(execution.payload)],
        ]),
        element('h3', {}, outcome ? 'Outcome and evidence' : 'No outcome has been reported.'),
        outcome && facts([
          ['Success', String(outcome.success)],
          ['Reported', instant(outcome.recorded_at)],
          ['Result', outcome.result],
          ['Error', outcome.error],
          ['Summary', outcome.summary],
          ['External id', outcome.external_id],
          ['Result URL', url && /^https?:/.test(url) ? element('a', { href: url, rel: 'noreferrer noopener', target: '_blank' }, url) : url],
          ['Result reference', outcome.result_ref],
          ['Result type', outcome.result_type],
          ['Rejected', outcome.rejection],
          ['Artifacts', outcome.artifacts && block(outcome.artifacts)],
          ['Metadata', outcome.metadata && block(outcome.metadata)],
        ]));
    },
  }),

  deliveries: table(find('#deliveries'), {
    key: (delivery) => delivery.number,
    columns: [
      { label: 'Delivery', fill: (delivery) => [delivery.about || delivery.of, small([delivery.kind !== 'cue' && delivery.kind, delivery.attempt && `attempt ${delivery.attempt}`].filter(Boolean).join(', '))] },
      { label: 'Sent', fill: (delivery) => when(delivery.sent_at) },
      { label: 'Request', fill: (delivery) => element('code', {}, `${delivery.method} ${delivery.url}`) },
      { label: 'Answer', fill: (delivery) => pill(delivery.result, delivery.ok ? 'good' : 'bad') },
    ],
    open: async ({ number }) => {
      const delivery = await read(`deliveries/${number}`);
      return element('div', {},
        element('p', {}, element('code', {}, delivery.request), ` → ${delivery.result}`),
        element('h3', {}, 'Headers'), headers(delivery.headers),
        element('h3', {}, 'Body'), block(delivery.body));
    },
  }),

  messages: table(find('#messages'), {
    key: (message) => message.id,
    columns: [
      { label: 'Message', fill: (message) => [message.subject || '(no subject)', small(message.text)] },
      { label: 'From', fill: (message) => message.from },
      { label: 'To', fill: (message) => message.to },
      { label: 'Status', fill: (message) => status(message.status) },
      { label: 'Priority', className: 'less', fill: (message) => String(message.priority) },
      { label: 'Sent', fill: (message) => when(message.sent_at) },
    ],
    open: async ({ id }) => {
      const message = await read(`messages/${encodeURIComponent(id)}`);
      return facts([
        ['Id', element('code', {}, message.id)],
        ['Thread', element('code', {}, message.thread_id)],
        ['Answers', message.reply_to],
        ['Correlation id', message.correlation_id],
        ['Expects a reply', message.expects_reply ? 'yes' : 'no'],
        ['From', element('code', {}, message.from_agent_id)],
        ['To', element('code', {}, message.to_agent_id)],
        ...MESSAGE_MOMENTS.map((name) => [name, instant(message[`${name}_at`])]),
        ['Text', block(message.body)],
        ['Metadata', block(message.metadata)],
      ]);
    },
  }),

  workers: table(find('#workers'), {
    key: (worker) => worker.id,
    columns: [
      { label: 'Worker', fill: (worker) => worker.id || '(no name)' },
      { label: 'Status', fill: (worker) => status(worker.status) },
      { label: 'Handlers', fill: (worker) => worker.handlers || '–' },
      { label: 'Last heartbeat', fill: (worker) => when(worker.last_heartbeat) },
    ],
    open: async (worker) => facts([['Id', element('code', {}, worker.id)], ['Handlers', worker.handlers || 'It named none.']]),
  }),
};

// --- Actions

const fire = (cue) => act(`cues/${encodeURIComponent(cue.id)}/fire`, {}, () => `${cue.name} was fired.`);
const change = (cue, verb, said) => act(`cues/${encodeURIComponent(cue.id)}/${verb}`, {}, () => `${cue.name} ${said}.`);
const advance = (body) => act('advance', body, (result) => `The clock stands at ${plain(result.now)} UTC.`);

find('#advance').onsubmit = (event) => {
  event.preventDefault();
  advance({ seconds: find('#amount').valueAsNumber * find('#unit').value });
};
find('#advance-next').onclick = () => advance({});
for (const button of document.querySelectorAll('#advance [data-seconds]')) {
  button.onclick = () => advance({ seconds: Number(button.dataset.seconds) });
}

find('#halt').onclick = () => post('advance/halt', {});

function choose(cue) {
  chosen = cue;
  waiting.abort();
}
for (const button of document.querySelectorAll('.all')) button.onclick = () => choose(null);

for (const button of document.querySelectorAll('[data-copy]')) {
  button.onclick = async () => {
    const sample = find(`#${button.dataset.copy}`);
    getSelection().selectAllChildren(sample);
    // Browsers offer the clipboard on localhost and over TLS only; elsewhere the selection must do.
    await navigator.clipboard?.writeText(sample.textContent);
    button.textContent = navigator.clipboard ? 'Copied' : 'Selected';
  };
}

// --- Showing

function show() {
  showClock();
  showProgress();
  for (const [name, list] of Object.entries(lists)) list(state[name]);
  for (const name of ['messages', 'workers']) find(`#${name}`).hidden = state[name].total === 0;
  for (const button of document.querySelectorAll('.all')) {
    button.hidden = chosen === null;
    button.textContent = `${state.chosen ?? 'a deleted cue'} only · show all`;
  }
  if (state.cues.total === 0 && !chosen) explain();
  else find('#first').hidden = true;
}

function showClock() {
  const moment = new Date(now()).toISOString();
  find('#now').textContent = plain(moment);
  find('#now').dateTime = moment;
  find('#advance').hidden = !state.held;
  const next = state.next ? `next event ${since(state.next, now())}` : 'nothing is going to happen';
  find('#clock-kind').textContent = `${state.held ? 'Stands still until you advance it' : "The system's clock"} · ${next}`;
  find('#advance-next').title = state.next ? `To ${plain(state.next)} UTC` : 'Nothing is going to happen';
  for (const node of document.querySelectorAll('.distance')) rewrite(node, since(node.dataset.moment, now()));
  for (const node of document.querySelectorAll('td time')) rewrite(node, short(node.dateTime, now()));
}

function showProgress() {
  const { advance: way } = state;
  find('#progress').hidden = !way;
  if (!way) return;
  const [from, to] = [way.from, way.to].map(Date.parse);
  find('#progress progress').value = to > from ? (now() - from) / (to - from) : 1;
  find('#progress span').textContent = `Advancing to ${plain(way.to)} UTC.`;
}

function rewrite(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

async function explain() {
  if (!find('#first').hidden) return;
  find('#first').hidden = false;
  find('#curl').textContent = [
    `curl ${location.origin}/v1/cues \\`,
    '  -H "Authorization: Bearer $CUEAPI_API_KEY" \\',
    '  -H "Content-Type: application/json" \\',
    `  -d '${pretty('{"name":"hello","schedule":{"type":"recurring","cron":"*/5 * * * *"},"callback":{"url":"http://127.0.0.1:9000/hook"},"payload":{"task":"greet"}}')}'`,
  ].join('\n');
  const example = await fetch('/emulator/first_cue.rs');
  find('#rust').textContent = await example.text();
}

async function live() {
  find('#base').textContent = location.origin;
  let version = '';
  for (;;) {
    waiting = new AbortController();
    const asked = chosen;
    try {
      const query = new URLSearchParams({ since: version, cue: asked ?? '' });
      const answer = await fetch(`/emulator/state?${query}`, { signal: waiting.signal });
      const next = await answer.json();
      if (!answer.ok) throw new Error(next.message);
      if (version === '' && state) say('');
      state = next;
      version = state.version;
      ahead = Date.parse(state.now) - Date.now();
      show();
      // However much happens, the page is drawn a few times a second.
      await rest(200);
    } catch (problem) {
      version = '';
      if (problem.name !== 'AbortError') {
        say('The emulator does not answer; trying again.', true);
        await rest(1000);
      }
    }
    if (asked !== chosen) version = '';
  }
}

setInterval(() => state && !state.held && showClock(), 1000);
live();
