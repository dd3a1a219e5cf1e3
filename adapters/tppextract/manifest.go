package tppextract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"bellman/adapters/extract"
	"bellman/gateway"
)

// manifest is what SRManifest says of an extract.
type manifest struct {
	tables map[string]listing // by folded name without .csv
	from   string             // of the changes, yyyyMMdd_HHmm; empty: there are none
	to     string             // until when the extract speaks
}

// listing is one table of a manifest.
type listing struct{ delta bool }

// mostListed bounds a manifest: version 123 of the extract has some 400 tables.
const mostListed = 5_000

// stampLayout is how the manifest writes moments: London wall time.
const stampLayout = "20060102_1504"

// readManifest reads an extract's manifest.
func readManifest(ctx context.Context, b *bundle) (manifest, error) {
	var m manifest
	err := b.read(manifestName, func(in io.Reader) error {
		var err error
		m, err = parseManifest(ctx, in)
		return err
	})
	if err != nil {
		return manifest{}, fmt.Errorf("its manifest: %w", err)
	}
	return m, nil
}

func parseManifest(ctx context.Context, in io.Reader) (manifest, error) {
	m := manifest{tables: map[string]listing{}}
	rows := extract.NewRows(ctx, in, extract.Windows1252)
	at, err := rows.Header("FileName", "IsDelta", "DateExtractFrom", "DateExtractTo")
	if err != nil {
		return m, err
	}
	for rows.Next() {
		if err := m.add(rows, at); err != nil {
			return m, fmt.Errorf("%s %w", rows.Where(), err)
		}
	}
	if err := rows.Err(); err != nil {
		return m, err
	}
	if m.to == "" {
		return m, errors.New("no table says until when it speaks")
	}
	return m, nil
}

// add takes one line. All tables share one From and one To, but for those without
// dates and for full ones, which have no From.
func (m *manifest) add(rows *extract.Rows, at []int) error {
	name := folded(rows.Text(at[0]))
	from, to := rows.Text(at[2]), rows.Text(at[3])
	_, twice := m.tables[name]
	switch {
	case rows.Problem() != "":
		return errors.New(rows.Problem())
	case name == "":
		return errors.New("names no table")
	case twice:
		return errors.New("names a table for the second time")
	case len(m.tables) == mostListed:
		return errors.New("is one more than any manifest has")
	case !rows.Is(at[1], "Y") && !rows.Is(at[1], "N"):
		return errors.New("does not say Y or N for whether it has changes only")
	}
	for _, d := range []struct {
		said  string
		known *string
	}{{from, &m.from}, {to, &m.to}} {
		if d.said == "" {
			continue
		}
		if _, err := time.Parse(stampLayout, d.said); err != nil {
			return errors.New("has a date that is not written as yyyyMMdd_HHmm")
		}
		if *d.known != "" && *d.known != d.said {
			return errors.New("has other dates than the lines before it")
		}
		*d.known = d.said
	}
	m.tables[name] = listing{delta: rows.Is(at[1], "Y")}
	return nil
}

// lists reports whether a table is listed.
func (m manifest) lists(table string) bool {
	_, ok := m.tables[folded(table)]
	return ok
}

// full reports whether a table is listed and holds everything.
func (m manifest) full(table string) bool {
	l, ok := m.tables[folded(table)]
	return ok && !l.delta
}

// moment gives the instant of a stamp. Of an hour that stands twice it is the
// first: what was read may then be taken for older than it is, never for newer.
func moment(stamp string) (time.Time, error) {
	t, err := time.Parse(stampLayout, stamp)
	if err != nil {
		return time.Time{}, errors.New("a date is not written as yyyyMMdd_HHmm")
	}
	at, _ := gateway.FromWall(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), 0)
	return at, nil
}
