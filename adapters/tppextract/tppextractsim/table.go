package tppextractsim

import (
	"slices"
	"strings"
)

// table is what one SR*.csv holds.
type table struct {
	name      string
	columns   []string
	rows      []row
	delta     bool // only what changed
	reference bool // always everything
}

// row is one row by its RowIdentifier.
type row struct {
	id    string
	cells []string
}

// newTable makes a table of columns written apart by spaces.
func newTable(name, columns string) table { return table{name: name, columns: strings.Fields(columns)} }

// add puts in a row; columns that are not named stay blank.
func (t *table) add(id string, named map[string]string) {
	cells := make([]string, len(t.columns))
	for i, c := range t.columns {
		switch v, ok := named[c]; {
		case ok:
			cells[i] = v
		case c == "RowIdentifier":
			cells[i] = id
		case c == "RemovedData":
			cells[i] = "0"
		}
	}
	t.rows = append(t.rows, row{id, cells})
}

// since gives what a delta says: new and changed rows as they are now, and rows
// that went with nothing but their RowIdentifier and the mark.
func (t table) since(before table) table {
	old := map[string][]string{}
	for _, r := range before.rows {
		old[r.id] = r.cells
	}
	out := t
	out.rows = nil
	here := map[string]bool{}
	for _, r := range t.rows {
		here[r.id] = true
		if was, ok := old[r.id]; !ok || !slices.Equal(was, r.cells) {
			out.rows = append(out.rows, r)
		}
	}
	for _, r := range before.rows {
		if !here[r.id] {
			blank := table{columns: t.columns}
			blank.add(r.id, map[string]string{"RemovedData": "1"})
			out.rows = append(out.rows, blank.rows[0])
		}
	}
	return out
}
