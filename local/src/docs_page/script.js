
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

// The token: in this page alone.
const token = one('#token');
const who = one('#who');
const show = (text) => { who.textContent = text; };
token.addEventListener('input', () => show(token.value.trim() ? 'pasted' : 'none'));
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
    if (response.ok) {
      token.value = answer.token;
      show(`${answer.user.email}, ${answer.user.accessRole}`);
      form.elements.password.value = '';
    }
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
  const body = isJson ? JSON.stringify(JSON.parse(text), null, 2) : text;
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
    output.textContent = '…';
    try {
      output.textContent = await shown(await fetch(...request(attempt)));
    } catch (error) {
      output.textContent = `No answer: ${error.message}`;
    }
  });
}
