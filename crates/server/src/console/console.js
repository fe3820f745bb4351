"use strict";
// The form of a product's page asks the API and shows the answer below, without leaving the page.
// Without this script the same form is sent as a page.

(() => {
  const form = document.querySelector("form.try");
  const place = document.getElementById("answer");
  if (!form || !place) return;
  const [texts, sentences, amounts, words] = ["texts", "sentences", "amounts", "words"].map((name) => JSON.parse(form.dataset[name]));
  const currency = form.dataset.currency;
  const language = document.documentElement.lang;
  const colon = language === "fr" ? "\u00a0: " : ": ";

  const element = (name, attributes, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes ?? {})) {
      if (value !== undefined && value !== null) made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  };

  // Numbers and units are written as the server writes them (charts/locale.rs).
  const fixed = (value, decimals) => {
    const rounding = { minimumFractionDigits: decimals, maximumFractionDigits: decimals, roundingMode: "halfEven" };
    const written = new Intl.NumberFormat(language, rounding).format(value);
    // Rounded to nothing, the sign goes too.
    return written.replace("-", /[1-9]/.test(written) ? "\u2212" : "");
  };

  const decimals = (value) => {
    const size = Math.abs(value);
    if (size === 0) return 0;
    const most = Math.min(Math.max(2 - Math.floor(Math.log10(size)), 0), 6);
    const fraction = size.toFixed(most).split(".")[1] ?? "";
    return fraction.replace(/0+$/, "").length;
  };

  const number = (value) => fixed(value, decimals(value));

  const isBefore = (unit) => language === "en" && ["€", "$", "£"].includes(unit);

  const attach = (written, unit) => {
    if (!unit) return written;
    if (isBefore(unit)) return written.startsWith("\u2212") ? `\u2212${unit}${written.slice(1)}` : unit + written;
    if (unit === "%") return language === "en" ? `${written}%` : `${written}\u202f%`;
    return `${written}\u00a0${unit}`;
  };

  const fill = (text, values) => values.reduce((filled, value, n) => filled.replace(`{${n}}`, () => value), text);

  const between = (low, high, unit) => fill(texts.range, [isBefore(unit) ? attach(low, unit) : low, attach(high, unit)]);

  // Our own words in the language of the page.
  const told = (text) => (Object.hasOwn(words, text) ? words[text] : text);

  const shown = (value) => (typeof value === "number" ? number(value) : told(String(value)));

  // What the shop named stays as it is: only answers without a list hold words of ours.
  const value = (reason, name, listed) => {
    const given = reason.values[name];
    if (amounts[reason.code] === name) return attach(fixed(Number(given), 2), currency);
    return listed && typeof given === "string" ? given : shown(given);
  };

  const sentence = (reason, listed) => {
    const known = sentences[reason.code];
    if (known) return element("li", {}, known.replace(/\{(\w+)\}/g, (whole, name) => (name in reason.values ? value(reason, name, listed) : whole)));
    // The API's own sentence knows of no currency.
    const names = Object.keys(reason.values).filter((name) => typeof reason.values[name] === "string" && reason.values[name]);
    const text = names.reduce((text, name) => text.replace(reason.values[name], () => value(reason, name, listed)), reason.text);
    return element("li", { lang: language === "en" ? undefined : "en" }, text);
  };

  const PLACES = { too_few: ["found", "what", "needed"], no_variation: ["what"], history_too_short: ["found_days", "needed_days"], does_not_apply: ["because"] };

  const why = (unknown) => {
    const [[kind, values]] = Object.entries(unknown);
    return fill(texts.not_measurable, [fill(texts[kind], PLACES[kind].map((name) => shown(values[name])))]);
  };

  // How a figure is written, and what is left to say of its unit.
  const measure = (unit) => {
    if (unit.startsWith("cents")) {
      const places = (most) => (Math.abs(most) < 1000 ? 2 : 0);
      return { factor: 0.01, beside: currency, places, common: places, rest: unit.slice(5).trim() };
    }
    const common = (most, width) => Math.max(decimals(width), decimals(most));
    return unit === "probability" ? { factor: 100, beside: "%", places: decimals, common, rest: "" }
      : { factor: 1, beside: "", places: decimals, common, rest: unit };
  };

  const unitOf = (text) => {
    const [, what, days] = /^(.*?)\s*within (\d+) days$/.exec(text) ?? [];
    return days ? `${what ? `${told(what)} ` : ""}${fill(texts.within, [days])}` : told(text);
  };

  const figure = (action, listed) => {
    const estimate = action.estimate;
    const cell = element("td", { role: "cell", class: "number", "data-name": texts.score });
    if (!estimate) {
      cell.append(action.score === undefined ? texts.unknown : number(action.score));
      if (!listed) cell.append(element("div", { class: "small" }, told(action.unit)));
      return cell;
    }
    const { factor, beside, places, common, rest } = measure(action.unit);
    const point = (value) => element("span", { class: "point" }, attach(fixed(value * factor, places(value * factor)), beside));
    if (estimate.measured) {
      const [low, high] = [estimate.measured.low * factor, estimate.measured.high * factor];
      const decimals = common(Math.max(Math.abs(low), Math.abs(high)), high - low);
      cell.append(point(estimate.measured.point), " ", element("span", { class: "interval" }, between(fixed(low, decimals), fixed(high, decimals), beside)));
    } else if (estimate.exact !== undefined) {
      cell.append(point(estimate.exact));
    } else {
      cell.append(element("span", { class: "unknown" }, why(estimate.not_measurable)));
    }
    if (rest) cell.append(element("div", { class: "small" }, unitOf(rest)));
    return cell;
  };

  const label = (action, listed) => {
    const name = action.label ?? action.id;
    if (!listed) return [element("b", {}, told(name))];
    return name === action.id ? [element("b", {}, name)] : [element("b", {}, name), element("div", { class: "small" }, element("code", {}, action.id))];
  };

  const row = (action, listed) =>
    element("tr", { role: "row" },
      element("th", { scope: "row", role: "rowheader", class: "number" }, String(action.position)),
      element("td", { role: "cell", "data-name": texts.what }, ...label(action, listed)),
      figure(action, listed),
      element("td", { role: "cell", "data-name": texts.reasons }, element("ul", { class: "plain" }, ...action.reasons.map((reason) => sentence(reason, listed)))));

  const table = (answer) => {
    const heads = [[texts.rank, true], [texts.what], [texts.score, true], [texts.reasons]];
    const head = heads.map(([name, right]) => element("th", { scope: "col", role: "columnheader", class: right ? "number" : undefined }, name));
    const listed = answer.placement !== undefined;
    return element("table", { class: "grid", role: "table" },
      element("caption", { class: "unseen" }, texts.title),
      element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...head)),
      element("tbody", { role: "rowgroup" }, ...answer.actions.map((action) => row(action, listed))));
  };

  const json = (value) =>
    element("details", {}, element("summary", {}, texts.json), element("pre", {}, element("code", {}, JSON.stringify(value, null, 2))));

  const show = (answer) => {
    const parts = [element("p", { class: "small" }, `${texts.logged} `, element("code", {}, answer.decision_id))];
    if (answer.holdout) parts.push(element("p", { class: "problem" }, texts.held_out));
    if (answer.fallback) parts.push(element("p", { class: "problem" }, texts.fell_back));
    parts.push(answer.actions.length ? table(answer) : element("p", {}, texts.empty));
    parts.push(element("p", { class: "small" }, `${texts.method}${colon}${told(answer.method)}`), json(answer));
    place.replaceChildren(...parts);
  };

  const refuse = (text, whole) => {
    // The API tells problems in English.
    const [before, after] = texts.cannot.split("{0}");
    const parts = [element("p", { class: "problem", role: "alert" }, before, element("span", { lang: "en" }, text), after)];
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
