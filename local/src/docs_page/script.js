
'use strict';
const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// Search: routes whose text has all words stay.
const search = one('#search');
const articles = all('article').map((element) => ({ element, text: element.textContent.toLowerCase() }));
const find = () => {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const { element, text } of articles) {
    const fits = words.every((word) => text.includes(word));
    element.hidden = !fits;
    one(`[data-operation="${element.id}"]`).hidden = !fits;
    found += fits;
  }
  for (const section of all('main > section')) section.hidden = !all('article', section).some((article) => !article.hidden);
  one('main > header').hidden = words.length > 0;
  one('#nothing').hidden = found > 0;
};
search.hidden = false;
search.addEventListener('input', find);
addEventListener('keydown', (event) => {
  if (event.key === '/' && !/^(INPUT|TEXTAREA)$/.test(event.target.tagName)) {
    event.preventDefault();
    search.focus();
  }
});

// Where the reader is.
const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    one(`[data-operation="${target.id}"] a`).classList.toggle('here', isIntersecting);
  }
}, { rootMargin: '-10% 0px -75% 0px' });
articles.forEach(({ element }) => seen.observe(element));

// The menu is folded on a narrow screen, and goes out of the way once a route is chosen.
const menu = one('#menu');
const narrow = matchMedia('(max-width: 52rem)');
const fold = () => { menu.open = !narrow.matches; };
fold();
narrow.addEventListener('change', fold);
menu.addEventListener('click', (event) => { if (narrow.matches && event.target.closest('a')) menu.open = false; });

// Copying. What is longer than its box scrolls, so the keyboard must reach it.
const copy = async (pre) => {
  if (navigator.clipboard) return navigator.clipboard.writeText(pre.textContent);
  // Only pages of a secure origin have a clipboard.
  getSelection().selectAllChildren(pre);
  document.execCommand('copy');
};
const withCopyButton = (pre) => {
  const box = document.createElement('div');
  const button = document.createElement('button');
  box.className = 'code';
  button.className = 'copy';
  button.type = 'button';
  button.textContent = 'Copy';
  button.addEventListener('click', async () => {
    const outcome = await copy(pre).then(() => 'Copied', () => 'Not copied');
    button.textContent = outcome;
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  });
  pre.tabIndex = 0;
  pre.replaceWith(box);
  box.append(pre, button);
};
all('pre').forEach(withCopyButton);

// The token of the last sign-in: in this page alone.
const token = one('#token');
const who = one('#who');
const show = (text) => { who.textContent = text; };
token.addEventListener('input', () => show(token.value.trim() ? 'pasted' : 'none'));
const keepToken = (answer) => {
  if (typeof answer?.token !== 'string' || !answer.user) return;
  token.value = answer.token;
  show(`${answer.user.email}, ${answer.user.accessRole}`);
};

// The values of answers by name, the newest first: {"snapshot": {"_id": …}} has a snapshotId, {"nextCursor": …} a cursor. The fields
// of later requests offer them.
const inputs = all('[data-value]');
const known = new Map(inputs.map((input) => [input.dataset.value, []]));
for (const name of known.keys()) {
  const list = document.createElement('datalist');
  list.id = `known-${name}`;
  document.body.append(list);
}
for (const input of inputs) input.setAttribute('list', `known-${input.dataset.value}`);
const keepValue = (name, value) => {
  const ending = name.replace(/organization/i, 'org').toLowerCase();
  for (const [wanted, values] of known) {
    if (ending.endsWith(wanted.toLowerCase())) known.set(wanted, [...new Set([String(value), ...values])].slice(0, 10));
  }
};
const keepValues = (answer, owner) => {
  if (Array.isArray(answer)) {
    answer.toReversed().forEach((element) => keepValues(element, owner));
    return;
  }
  for (const [name, value] of Object.entries(answer)) {
    if (value === null) continue;
    if (typeof value === 'object') keepValues(value, name.replace(/ies$/, 'y').replace(/s$/, ''));
    else keepValue(/^_?id$/.test(name) ? `${owner}Id` : name, value);
  }
};
const offer = () => {
  for (const [name, values] of known) {
    one(`#known-${name}`).replaceChildren(...values.map((value) => new Option(value)));
  }
  // The id in a path is put in, unless somebody wrote another one.
  for (const input of inputs.filter((it) => it.dataset.in === 'path')) {
    const [newest] = known.get(input.dataset.value);
    if (newest && (input.value === '' || input.value === input.dataset.offered)) {
      input.value = newest;
      input.dataset.offered = newest;
    }
  }
};
const learn = (response, answer) => {
  if (!response.ok) return;
  keepToken(answer);
  keepValues(answer, '');
  const tag = response.headers.get('etag');
  if (tag) keepValue('If-Match', tag);
  offer();
};

// Sign in.
const form = one('#sign-in');
form.hidden = false;
one('#trying').hidden = false;
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const outcome = one('#sign-in-outcome');
  const { email, password } = Object.fromEntries(new FormData(form));
  try {
    const response = await fetch('/api/auth/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email, password }),
    });
    const answer = await response.json();
    learn(response, answer);
    if (response.ok) form.elements.password.value = '';
    outcome.textContent = response.ok ? 'Signed in, for one hour.' : answer.detail || answer.message;
  } catch (error) {
    outcome.textContent = `No answer: ${error.message}`;
  }
});

// Try it.
const request = (attempt) => {
  const headers = {};
  const query = new URLSearchParams();
  let path = attempt.dataset.path;
  for (const input of all('[data-in]', attempt).filter(({ value }) => value.trim())) {
    const value = input.value.trim();
    if (input.dataset.in === 'path') path = path.replace(`{${input.name}}`, encodeURIComponent(value));
    if (input.dataset.in === 'query') query.set(input.name, value);
    if (input.dataset.in === 'header') headers[input.name] = value;
  }
  if (token.value.trim()) headers.Authorization = `Bearer ${token.value.trim()}`;
  const body = attempt.elements.body;
  if (body) headers['Content-Type'] = 'application/json';
  const search = query.size ? `?${query}` : '';
  return [path + search, { method: attempt.dataset.method, headers, body: body?.value, cache: 'no-store' }];
};
const shown = async (response) => {
  const text = await response.text();
  const told = ['etag', 'retry-after', 'allow', 'x-request-id'].filter((name) => response.headers.has(name));
  const headers = told.map((name) => `${name}: ${response.headers.get(name)}`);
  const isJson = (response.headers.get('content-type') || '').includes('json');
  const answer = isJson ? JSON.parse(text) : text;
  if (isJson) learn(response, answer);
  const body = isJson ? JSON.stringify(answer, null, 2) : text;
  const most = 100000;
  const cut = body.length > most ? `${body.slice(0, most)}\n… ${body.length - most} more characters` : body;
  return `${response.status} ${response.statusText}\n${headers.join('\n')}\n\n${cut}`;
};
for (const attempt of all('.attempt')) {
  attempt.hidden = false;
  attempt.addEventListener('submit', async (event) => {
    event.preventDefault();
    const output = document.createElement('pre');
    one('output', attempt).replaceChildren(output);
    withCopyButton(output);
    output.textContent = '…';
    try {
      output.textContent = await shown(await fetch(...request(attempt)));
    } catch (error) {
      output.textContent = `No answer: ${error.message}`;
    }
  });
}
