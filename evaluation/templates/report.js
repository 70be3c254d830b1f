"use strict";
(() => {
  const form = document.getElementById("filters");
  const episodes = [...document.querySelectorAll(".episode")];
  const texts = new Map();
  const textOf = (episode) => {
    if (!texts.has(episode)) texts.set(episode, episode.textContent.toLowerCase());
    return texts.get(episode);
  };
  const shown = () => episodes.filter((episode) => !episode.hidden);
  const apply = () => {
    const { run, type, outcome, text } = Object.fromEntries(new FormData(form));
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    for (const episode of episodes) {
      const { run: ofRun, type: ofType, outcome: ofOutcome } = episode.dataset;
      episode.hidden = Boolean(
        (run && run !== ofRun) || (type && type !== ofType) || (outcome && outcome !== ofOutcome) ||
        !words.every((word) => textOf(episode).includes(word)));
    }
    const count = shown().length;
    document.getElementById("matches").value = `${count} of ${episodes.length} episodes`;
    document.getElementById("nothing").hidden = count > 0;
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("open-all").addEventListener("click", () => shown().forEach((episode) => { episode.open = true; }));
  document.getElementById("close-all").addEventListener("click", () => shown().forEach((episode) => { episode.open = false; }));
  apply();
})();
