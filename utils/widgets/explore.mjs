// explore: sliders over frames that were drawn in Python.
// State: grids [{name, label, stops, kind}], frames {"i,j": {svg|src, text}}, index, width, caption, alt, live.
import { frame, make, number, unmarked } from "./kit/dom.mjs";
import { slider } from "./kit/controls.mjs";
import { inlineFigure } from "./kit/inline.mjs";

// With a kernel a numeric slider has this many places from one stop to the next.
const BETWEEN = 8;

function render({ model, el }) {
  const grids = model.get("grids");
  const live = model.get("live");
  const place = [...model.get("index")]; // where each slider stands, in stops; fractional between two stops
  const { stage, controls, say, done } = frame({ model, el, kind: "explore" });
  stage.style.maxWidth = `${model.get("width")}px`;
  let asked = 0;

  // The value a slider stands for: a stop, or with a kernel a number between two stops.
  const valueAt = (grid, at) => {
    const low = Math.floor(at);
    if (low === at) return grid.stops[at];
    const mix = grid.stops[low] + (at - low) * (grid.stops[low + 1] - grid.stops[low]);
    return grid.kind === "integer" ? Math.round(mix) : mix;
  };

  // A value between stops can round to a stop itself; then its frame is at hand.
  const frameKey = () => {
    const key = place.map((at, i) => grids[i].stops.indexOf(valueAt(grids[i], at)));
    return key.includes(-1) ? null : key.join(",");
  };

  const tell = (text) => {
    const values = grids.map((grid, i) => `${grid.label} ${number(valueAt(grid, place[i]))}`).join(", ");
    say(text ? `${values}: ${text}` : values);
  };

  const draw = (picture) => {
    if (picture.svg) {
      const svg = inlineFigure(picture.svg);
      svg.setAttribute("role", "img");
      svg.setAttribute("aria-label", unmarked(model.get("alt")));
      stage.replaceChildren(svg);
    } else {
      let image = stage.querySelector("img");
      if (!image) {
        const [w, h] = picture.size;
        image = make("img", { alt: unmarked(model.get("alt")), width: w, height: h });
        stage.replaceChildren(image);
      }
      image.src = picture.src;
    }
    tell(picture.text);
  };

  const update = () => {
    const key = frameKey();
    asked += 1; // an answer still on its way is for another place
    if (key !== null) return draw(model.get("frames")[key]);
    tell("drawing …");
    const values = Object.fromEntries(grids.map((grid, i) => [grid.name, valueAt(grid, place[i])]));
    model.set("request", { id: asked, values });
    model.save_changes();
  };

  const onAnswer = () => {
    const answer = model.get("answer");
    if (answer.id !== asked) return; // the reader has moved on
    if (answer.frame) draw(answer.frame);
    else tell(answer.error);
  };
  model.on("change:answer", onAnswer);

  grids.forEach((grid, i) => {
    const control = slider({
      label: grid.label, min: 0, max: grid.stops.length - 1, value: place[i],
      step: live && grid.kind !== "choice" ? 1 / BETWEEN : 1,
      format: (at) => number(valueAt(grid, at)),
      onInput(at) {
        place[i] = at;
        update();
      },
    });
    controls.append(control.node);
  });
  update();
  return () => {
    done();
    model.off("change:answer", onAnswer);
  };
}

export default { render };
