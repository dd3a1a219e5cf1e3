package tppextract

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"bellman/adapters/extract"
)

// keptBefore is how long before the end of an extract's time visits are kept. What
// is over is of no concern.
const keptBefore = 24 * time.Hour

// mostLost bounds the rows of one extract that do not tell whose they are. With
// more, something else is wrong with the file.
const mostLost = 1_000

// intake is one attempt to take one extract in.
type intake struct {
	adapter *Adapter
	ctx     context.Context
	keep    *extract.Keeper
	head    head
	from    *bundle
	said    manifest
	restart bool // what was known before does not count
	until   time.Time
	terms   map[string]string
	notes   []string
	deaf    bool // the extract says nothing of appointments
	hollow  bool // a table that is said to be full was passed over
	lost    int

	// Of the table that is being read:
	layout *layout
	full   bool
	ours   int // rows of this practice
	rows   *extract.Rows
	at     []int
}

// run takes the extract in. Until it has come to its end the head says that it has
// not, and what is kept counts for nothing.
func (i *intake) run() error {
	err := i.headings()
	if err != nil {
		return err
	}
	if i.terms, err = termsKept(i.ctx, i.adapter.env.Shelf); err != nil {
		return err
	}
	i.head.Serial++
	i.head.Loading = max(i.head.Loading, i.from.name)
	if err := i.keep.SetHead(i.ctx, i.head.encode()); err != nil {
		return err
	}
	i.head.Horizon = i.until.Add(-keptBefore).Unix()
	for _, l := range i.adapter.layouts {
		if !i.said.lists(l.table) {
			continue
		}
		if err := i.table(l); err != nil {
			return fmt.Errorf("%s: %w", l.table, err)
		}
	}
	if err := i.sweep(); err != nil {
		return err
	}
	i.done()
	return i.keep.SetHead(i.ctx, i.head.encode())
}

// done writes into the head how far it came. Without changes of appointments the
// diary is as old as before. What has no beginning and was not full either proves
// nothing of the time before it: the next one then shows the gap.
func (i *intake) done() {
	if i.head.Loading == i.from.name || i.restart {
		i.head.Loading = ""
	}
	i.head.Done = i.from.name
	if i.said.from == "" && (i.hollow || !i.adapter.complete(i.said)) {
		return
	}
	i.head.To = i.said.to
	if i.said.lists(tableVisits) && !i.deaf {
		i.head.AsOf = i.until.Unix()
	}
}

// headings looks at the first line of every table before anything is kept: most of
// what can be wrong with a file shows there.
func (i *intake) headings() error {
	for _, l := range i.adapter.layouts {
		if !i.said.lists(l.table) {
			continue
		}
		err := i.from.read(l.table, func(in io.Reader) error {
			_, err := extract.NewRows(i.ctx, in, extract.Windows1252).Header(l.columns...)
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", l.table, err)
		}
	}
	return nil
}

// table reads one table.
func (i *intake) table(l layout) error {
	i.layout, i.full, i.ours = &l, i.said.full(l.table), 0
	err := i.from.read(l.table, func(in io.Reader) error {
		i.rows = extract.NewRows(i.ctx, in, extract.Windows1252)
		var err error
		if i.at, err = i.rows.Header(l.columns...); err != nil {
			return err
		}
		if l.table == tableTerms {
			return i.takeTerms()
		}
		return i.each()
	})
	if err != nil {
		return err
	}
	return i.judge()
}

// each takes the rows of a table.
func (i *intake) each() error {
	broke := false
	for i.rows.Next() {
		broke = i.rows.Problem() != ""
		if err := i.row(); err != nil {
			return err
		}
	}
	if err := i.rows.Err(); err != nil {
		return err
	}
	if broke && i.rows.Cut() {
		return errors.New("its last line breaks off: have the extract delivered again")
	}
	return nil
}

// row takes one row as far as all tables are alike.
func (i *intake) row() error {
	if !i.visible() {
		return nil
	}
	id := i.text(colRow)
	if !rowNumber.MatchString(id) {
		return i.nobodys()
	}
	removed := yesOrNo(i.text(colRemoved))
	switch {
	case i.rows.Problem() != "":
		return i.unreadable(id, i.rows.Problem())
	case removed == answerYes && i.layout.table == tableContacts && !i.full:
		return i.put(id, bury(i.head.Serial))
	case removed == answerYes:
		return i.gone(id)
	case removed == answerUnclear && i.text(colRemoved) != "":
		return i.unreadable(id, "RemovedData is neither 1 nor 0")
	}
	i.ours++
	return i.layout.take(i, id)
}

// visible reports whether a row is one of this practice's. A row that went may say
// nothing of that.
func (i *intake) visible() bool {
	to := bytes.TrimSpace(i.rows.Bytes(i.at[colVisible]))
	return len(to) == 0 || i.rows.Is(i.at[colVisible], i.adapter.organisation)
}

func (i *intake) text(column int) string {
	if column >= len(i.at) {
		return ""
	}
	return i.rows.Text(i.at[column])
}

// put keeps what a row says.
func (i *intake) put(id string, over extract.Change) error {
	return i.keep.Change(i.ctx, i.layout.prefix+id, over)
}

// gone takes away what is kept of a row.
func (i *intake) gone(id string) error {
	return i.put(id, func([]byte) ([]byte, error) { return nil, nil })
}

// passOver is for rows that are of no concern and that full tables hold by the
// million: there nothing of them stays anyway.
func (i *intake) passOver(id string) error {
	if i.full {
		return nil
	}
	return i.gone(id)
}

func (i *intake) where() string {
	return fmt.Sprintf("%s of %s, %s", i.layout.table, i.from.name, i.rows.Where())
}

// unreadable keeps of a row that it cannot be read, in the place of what it said
// before.
func (i *intake) unreadable(id, why string) error {
	b := broken{Where: i.where(), Why: why}
	switch i.layout.prefix {
	case prefixVisit:
		return i.put(id, visit{Serial: i.head.Serial, broken: b}.over)
	case prefixPatient:
		return i.put(id, patient{Serial: i.head.Serial, broken: b}.over)
	}
	whose := i.text(colPatient)
	if !rowNumber.MatchString(whose) {
		whose = ""
	}
	return i.put(id, event{Serial: i.head.Serial, broken: b, Patient: whose}.over)
}

// nobodys keeps that there was a row that does not tell which. Nobody knows what it
// took back: it stands until the table comes in full.
func (i *intake) nobodys() error {
	if i.lost++; i.lost > mostLost {
		return errors.New("more rows than can be listed have no RowIdentifier: have the extract delivered again")
	}
	b, err := json.Marshal(lost{i.head.Serial, broken{i.where(), "has no RowIdentifier that is a number"}, i.layout.table})
	if err != nil {
		return err
	}
	key := fmt.Sprintf("%s%d/%d", prefixUnreadable, i.head.Serial, i.lost)
	return i.keep.Change(i.ctx, key, func([]byte) ([]byte, error) { return b, nil })
}

// judge says what a table that is said to be full means. One without any row of
// this practice has been seen while the practice was well and alive: it means
// nothing, unless nothing was known before.
func (i *intake) judge() error {
	table := i.layout.table
	switch {
	case !i.full:
	case i.ours > 0 || !i.head.Had[table]:
		i.head.Since[table] = i.head.Serial
	case i.restart:
		return errors.New("is said to be full and holds no row of this practice: ask TPP for another full extract")
	default:
		i.deaf, i.hollow = i.deaf || table == tableVisits, true
		i.notes = append(i.notes, fmt.Sprintf("%s of %s is said to be full and holds no row of this practice: passed over", table, i.from.name))
	}
	if i.ours > 0 {
		i.head.Had[table] = true
	}
	return i.keep.Flush(i.ctx)
}

// sweep takes away visits that are over, and after full tables whatever these did
// not say again.
func (i *intake) sweep() error {
	prefix := prefixVisit
	for _, since := range i.head.Since {
		if since == i.head.Serial {
			prefix = ""
		}
	}
	return i.keep.Sweep(i.ctx, prefix, func(key string, value []byte) (bool, error) {
		return i.over(key, value), nil
	})
}

// over reports whether a thing on the shelf is of no more concern.
func (i *intake) over(key string, value []byte) bool {
	for _, l := range layouts {
		if l.prefix != prefixTerms && key[:min(len(key), len(l.prefix))] == l.prefix {
			var v visit // every kind of row has its serial in the same place
			if json.Unmarshal(value, &v) != nil {
				return false // the feed says that it is damaged
			}
			past := l.table == tableVisits && !v.is() && v.Start < i.head.Horizon
			return past || !i.head.lives(l.table, v.Serial)
		}
	}
	if len(key) > len(prefixUnreadable) && key[:len(prefixUnreadable)] == prefixUnreadable {
		var u lost
		return json.Unmarshal(value, &u) == nil && !i.head.lives(u.Table, u.Serial)
	}
	return false
}
