/* Comfort for browsers that run scripts. Every page works without this file. */
"use strict";

/* A block: the answer to an upload is written into the same window, and runs this again. */
{
  const said = document.body.dataset;
  const SVG = "http://www.w3.org/2000/svg";

  /* Follow the pointer along a chart, or a slider that the keyboard moves, and say what is there. */
  function follow(chart) {
    const points = JSON.parse(chart.dataset.hover);
    if (points.length < 2) return;
    const route = document.querySelector("svg[data-spots]");
    const spots = route ? JSON.parse(route.dataset.spots) : [];
    const { width, height } = chart.viewBox.baseVal;
    const line = shape(chart, "line", { class: "cursor", y1: 18, y2: height - 22 });
    const dot = spots.length === points.length ? shape(route, "circle", { class: "cursor", r: 8 }) : null;
    const words = document.createElement("output");
    const slider = Object.assign(document.createElement("input"), { type: "range", min: 0, max: points.length - 1, value: 0 });
    slider.setAttribute("aria-label", `${said.point}: ${chart.getAttribute("aria-label")}`);
    chart.after(slider, words);
    words.textContent = said.hint;

    function show(index) {
      const [x, text] = points[index];
      line.setAttribute("x1", x);
      line.setAttribute("x2", x);
      slider.value = index;
      slider.setAttribute("aria-valuetext", text);
      words.textContent = text;
      line.style.visibility = "visible";
      if (!dot) return;
      const [cx, cy] = spots[index];
      dot.style.visibility = cx === undefined ? "hidden" : "visible";
      if (cx !== undefined) Object.entries({ cx, cy }).forEach(([key, value]) => dot.setAttribute(key, value));
    }
    chart.addEventListener("pointermove", (event) => {
      const box = chart.getBoundingClientRect();
      const x = ((event.clientX - box.left) * width) / box.width;
      let index = points.findIndex((point) => point[0] >= x);
      if (index < 0) index = points.length - 1;
      show(index);
    });
    slider.addEventListener("input", () => show(Number(slider.value)));
  }

  function shape(parent, name, attributes) {
    const made = document.createElementNS(SVG, name);
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    made.style.visibility = "hidden";
    return parent.appendChild(made);
  }

  /* Send files with a bar that fills; the answer is the page that the form would have led to. */
  function showProgress(form) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const bar = form.querySelector("progress");
      const button = form.querySelector("button");
      const request = new XMLHttpRequest();
      const end = () => { button.disabled = false; bar.hidden = true; };
      request.upload.onprogress = (step) => { bar.value = step.loaded / step.total; };
      request.upload.onload = () => { bar.removeAttribute("value"); };
      request.onload = () => {
        history.replaceState(null, "", request.responseURL);
        document.open();
        document.write(request.responseText);
        document.close();
      };
      request.onerror = () => { end(); form.querySelector(".hint").textContent = said.lost; };
      request.open("POST", form.action);
      request.send(new FormData(form));
      bar.hidden = false;
      button.disabled = true;
    });
  }

  /* Who registers lives where the browser does, most likely. */
  function guessZone(field) {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const known = [...field.list.options].some((option) => option.value === zone);
    if (known && field.form.elements.password && field.value === "UTC") field.value = zone;
  }

  document.querySelectorAll("#tz").forEach(guessZone);
  document.querySelectorAll("svg[data-hover]").forEach(follow);
  document.querySelectorAll("form[enctype]").forEach(showProgress);
}
