"use strict";
// The form of a product's page asks the API and shows the answer below, without leaving the page.
// Without this script the same form is sent as a page.

(() => {
  const form = document.querySelector("form.try");
  const place = document.getElementById("answer");
  if (!form || !place) return;
  const texts = JSON.parse(form.dataset.texts);
  const sentences = JSON.parse(form.dataset.sentences);
  const language = document.documentElement.lang;
  const numbers = new Intl.NumberFormat(language, { maximumSignificantDigits: 4 });
  const colon = language === "fr" ? "\u00a0: " : ": ";

  const element = (name, attributes, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes ?? {})) {
      if (value !== undefined && value !== null) made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  };

  const written = (value) => (typeof value === "number" ? numbers.format(value) : String(value));

  const sentence = (reason) => {
    const known = sentences[reason.code];
    if (!known) return element("li", { lang: language === "en" ? undefined : "en" }, reason.text);
    const filled = known.replace(/\{(\w+)\}/g, (whole, name) => (name in reason.values ? written(reason.values[name]) : whole));
    return element("li", {}, filled);
  };

  const why = (unknown) => {
    const [reason] = Object.values(unknown);
    return Object.values(reason).map(written).join(", ");
  };

  const figure = (action) => {
    const estimate = action.estimate;
    const cell = element("td", { role: "cell", class: "number", "data-name": texts.score });
    const money = action.unit.startsWith("cents");
    const scale = (value) => written(money ? value / 100 : value);
    if (!estimate) {
      cell.append(scale(action.score));
    } else if (estimate.measured) {
      const { point, low, high } = estimate.measured;
      cell.append(element("span", { class: "point" }, scale(point)), " ",
        element("span", { class: "interval" }, `${scale(low)} – ${scale(high)}`));
    } else if (estimate.exact !== undefined) {
      cell.append(element("span", { class: "point" }, scale(estimate.exact)));
    } else {
      cell.append(element("span", { class: "unknown" }, `${texts.unknown}${colon}${why(estimate.not_measurable)}`));
    }
    if (estimate) cell.append(element("div", { class: "small", lang: "en" }, money ? action.unit.replace(/^cents ?/, "") : action.unit));
    return cell;
  };

  const row = (action) =>
    element("tr", { role: "row" },
      element("th", { scope: "row", role: "rowheader", class: "number" }, String(action.position)),
      element("td", { role: "cell", "data-name": texts.what },
        element("b", {}, action.label ?? action.id),
        ...(action.label && action.label !== action.id ? [element("div", { class: "small" }, element("code", {}, action.id))] : [])),
      figure(action),
      element("td", { role: "cell", "data-name": texts.reasons }, element("ul", { class: "plain" }, ...action.reasons.map(sentence))));

  const table = (actions) => {
    const heads = [[texts.rank, true], [texts.what], [texts.score, true], [texts.reasons]];
    const head = heads.map(([name, right]) => element("th", { scope: "col", role: "columnheader", class: right ? "number" : undefined }, name));
    return element("table", { class: "grid", role: "table" },
      element("caption", { class: "unseen" }, texts.title),
      element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...head)),
      element("tbody", { role: "rowgroup" }, ...actions.map(row)));
  };

  const json = (value) =>
    element("details", {}, element("summary", {}, texts.json), element("pre", {}, element("code", {}, JSON.stringify(value, null, 2))));

  const show = (answer) => {
    const parts = [element("p", { class: "small" }, `${texts.logged} `, element("code", {}, answer.decision_id))];
    if (answer.holdout) parts.push(element("p", { class: "problem" }, texts.held_out));
    if (answer.fallback) parts.push(element("p", { class: "problem" }, texts.fell_back));
    parts.push(answer.actions.length ? table(answer.actions) : element("p", {}, texts.empty));
    parts.push(element("p", { class: "small" }, `${texts.method}${colon}${answer.method}`), json(answer));
    place.replaceChildren(...parts);
  };

  const refuse = (text, whole) => {
    const parts = [element("p", { class: "problem", role: "alert" }, texts.cannot.replace("{0}", text))];
    if (whole) parts.push(json(whole));
    place.replaceChildren(...parts);
  };

  const question = () => {
    const fields = new FormData(form);
    const value = (name) => (fields.get(name) ?? "").trim() || undefined;
    const items = value("items");
    return { customer_id: value("customer"), product_id: value("product"), placement: value("placement"), items: items && Number(items) };
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const headers = { "content-type": "application/json" };
      const response = await fetch(form.dataset.decide, { method: "POST", headers, body: JSON.stringify(question()) });
      const answer = await response.json();
      if (response.ok) show(answer);
      else refuse(answer.detail ?? answer.title, answer);
    } catch (error) {
      refuse(String(error));
    } finally {
      button.disabled = false;
    }
  });
})();
