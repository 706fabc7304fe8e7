import { useEffect, useRef } from "preact/hooks";
import { Button } from "../controls/buttons";
import { clamp } from "../kernel/numbers";
import { atPressElsewhere, consume, focusOn, rootOf } from "../kernel/page";

export interface MenuItem {
  name: string;
  run(): unknown;
}

interface Props {
  items: MenuItem[];
  /** Where it opens: its upper left corner in the widget, in CSS pixels. */
  x: number;
  y: number;
  /** The element that gets the focus back, except after a press elsewhere. */
  opener: HTMLElement;
  close(): void;
}

const WIDTH = 190;
const ROW = 30;

/** Our own menu: arrows move in it, Escape and a press elsewhere close it. */
export function Menu({ items, x, y, opener, close }: Props) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const menu = list.current;
    const root = menu && rootOf(menu);
    if (!root) return;
    menu.style.left = `${clamp(0, x, root.clientWidth - WIDTH)}px`;
    menu.style.top = `${clamp(0, y, root.clientHeight - ROW * items.length)}px`;
    focusOn(menu.querySelector("button"));
    return atPressElsewhere(menu, close);
  }, [x, y]);

  function back() {
    focusOn(opener);
    close();
  }

  function onKeyDown(event: KeyboardEvent) {
    const stops = [...(list.current?.children ?? [])] as HTMLElement[];
    const at = stops.indexOf(event.target as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === "Escape" || event.key === "Tab") back();
    else if (to === undefined) return;
    else stops.at(to % stops.length)?.focus();
    consume(event);
  }

  return (
    <div
      ref={list}
      class="sd-menu"
      role="menu"
      aria-label="Picture"
      tabIndex={-1}
      {...{ onKeyDown }}
    >
      {items.map(({ name, run }) => (
        <Button
          key={name}
          role="menuitem"
          tabIndex={-1}
          onClick={() => {
            back();
            run();
          }}
        >
          {name}
        </Button>
      ))}
    </div>
  );
}
