import type { Row } from "../kernel/wire";

/** The facts of one picture, or of two side by side with differences marked. */
export function ReceiptTable({ columns }: { columns: Row[][] }) {
  const names = [...new Set(columns.flat().map(({ name }) => name))];
  return (
    <table class="sd-facts">
      {columns[1] && (
        <thead>
          <tr>
            <td />
            <th scope="col">A</th>
            <th scope="col">B</th>
          </tr>
        </thead>
      )}
      <tbody>
        {names.map((name) => {
          const texts = columns.map((rows) => rows.find((row) => row.name === name)?.text ?? "–");
          const differs = new Set(texts).size > 1;
          return (
            <tr key={name} class={differs ? "sd-differs" : ""}>
              <th scope="row">
                {name}
                {differs && <span class="sd-hidden"> differs</span>}
              </th>
              {differs ? (
                texts.map((text) => <td key={text}>{text}</td>)
              ) : (
                <td colSpan={columns.length}>{texts[0]}</td>
              )}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
