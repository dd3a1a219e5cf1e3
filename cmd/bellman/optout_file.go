package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bellman/gateway"
	"bellman/gateway/number"
)

func (c *cli) optoutImport() *cobra.Command {
	cmd := signed(&cobra.Command{
		Use: "import --practice ODS FILE", Short: "Add opt-outs from a CSV file",
		Long: `Add opt-outs from a CSV file whose first column is the number and whose optional
second column is since when (RFC 3339 or 2006-01-02). A first line of headers is
passed over. Lines that cannot be read are listed, and stop nobody else's.
A file that optout export wrote brings its opt-outs of visits and clinics along; a
visit must be in the books here.
Says what it would do until --yes.`,
		Args: exactly(1),
	})
	cmd.Flags().String("practice", "", "the practice's ODS code")
	yes := cmd.Flags().Bool("yes", false, "do it")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		f, err := os.Open(args[0])
		if err != nil {
			return usageError{err}
		}
		defer func() { _ = f.Close() }()
		a, p, err := c.ledger(cmd)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.stop()) }()
		in := importing{practice: p.ODS, now: c.now(), visit: func(id string) (gateway.OptOut, error) {
			return a.optOutOf(cmd.Context(), p.ODS, meant{appointment: id})
		}}
		found, bad := in.read(f)
		if *yes {
			who, note, detail := signature(cmd)
			if err := c.record(a.cfg, "optout import", p.ODS, strings.TrimSpace(fmt.Sprintf("%d numbers %s", len(found), detail))); err != nil {
				return err
			}
			for _, o := range found {
				o.Who, o.Note = who, note
				if _, err := a.optOut(cmd.Context(), o); err != nil {
					return err
				}
			}
		}
		if err := c.showImport(*yes, found, bad); err != nil {
			return err
		}
		if len(bad) > 0 {
			return errQuiet
		}
		return nil
	}
	return cmd
}

// showImport says how many numbers an import takes in, and of visits and clinics how
// many, and which lines it cannot.
func (c *cli) showImport(done bool, found []gateway.OptOut, bad []string) error {
	finer := ""
	wide := slices.DeleteFunc(slices.Clone(found), func(o gateway.OptOut) bool { return o.Scope.Finer() })
	if n := len(found) - len(wide); n > 0 {
		finer = fmt.Sprintf(" and %d visits or clinics", n)
	}
	words := fmt.Sprintf("would opt out %d numbers%s; %d lines cannot be read; add --yes", len(wide), finer, len(bad))
	if done {
		words = fmt.Sprintf("opted out %d numbers%s; %d lines could not be read", len(wide), finer, len(bad))
	}
	if c.asJSON {
		return c.print(struct {
			outcome
			Numbers    int      `json:"numbers"`    // and visits and clinics
			Unreadable []string `json:"unreadable"` // "line 3: the date is not understood"
		}{outcome{done, words}, len(found), append([]string{}, bad...)})
	}
	for _, b := range bad {
		c.say("%s", b)
	}
	c.say("%s", words)
	return nil
}

// exported are the headers of an export, in order. Only a file that begins with them
// is read for scopes: in others these columns may hold anything.
var exported = []string{"number", "since", "by", "scope", "appointment", "clinic"}

// importing reads opt-outs from a file.
type importing struct {
	practice gateway.ODS
	now      time.Time
	visit    func(id string) (gateway.OptOut, error) // gives the opt-out of a visit that is in the books
	scoped   bool                                    // the file is an export
}

// read reads numbers and dates, and of an export scopes. What it cannot read it names
// by line.
func (in *importing) read(r io.Reader) (found []gateway.OptOut, bad []string) {
	lines := csv.NewReader(r)
	lines.FieldsPerRecord = -1
	for n := 1; ; n++ {
		f, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return found, bad
		}
		if err != nil {
			return found, append(bad, fmt.Sprintf("line %d: not CSV; the rest is not read", n))
		}
		if n == 1 && slices.Equal(f, exported) {
			in.scoped = true
			continue
		}
		switch o, why := in.line(f); {
		case why == "":
			found = append(found, o)
		case n > 1 || why != notANumber: // the first line may be headers
			bad = append(bad, fmt.Sprintf("line %d: %s", n, why))
		}
	}
}

const notANumber = "not one UK mobile number"

// line reads one line, or says why it cannot.
func (in *importing) line(f []string) (o gateway.OptOut, why string) {
	cell := func(i int) string {
		if i < len(f) {
			return strings.TrimSpace(f[i])
		}
		return ""
	}
	o = gateway.OptOut{Practice: in.practice}
	scope := gateway.ScopePractice.String()
	if in.scoped {
		scope = cell(3)
	}
	switch scope {
	case gateway.ScopeVisit.String():
		visit, err := in.visit(cell(4))
		if err != nil {
			return o, "the appointment is not in the books, or names several"
		}
		o = visit
	case gateway.ScopeClinic.String():
		o.Scope, o.Clinic = gateway.ScopeClinic, gateway.NewText(cell(5))
		if !gateway.PhraseFits(cell(5)) {
			return o, "no name of a clinic of at most six words"
		}
	case gateway.ScopePractice.String(), gateway.ScopeAll.String(), "":
	default:
		return o, "the scope is not known"
	}
	num, kind := number.Parse(cell(0), true)
	switch {
	case o.Scope == gateway.ScopeVisit: // of whatever number it has here
	case kind != gateway.NumberMobile:
		return o, notANumber
	default:
		o.Number = num
	}
	o.Since, o.By = in.now, gateway.OutByImport
	if cell(1) != "" {
		t, ok := anyTime(cell(1))
		if !ok {
			return o, "the date is not understood; write 2026-11-24"
		}
		o.Since = t
	}
	return o, ""
}

func anyTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func (c *cli) optoutExport() *cobra.Command {
	cmd := &cobra.Command{
		Use: "export --practice ODS", Short: "Write whole numbers as CSV, for import elsewhere (audited)",
		Args: exactly(0),
	}
	cmd.Flags().String("practice", "", "the practice's ODS code")
	reveal := cmd.Flags().Bool("reveal", false, "needed, since the file holds whole numbers")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if !*reveal {
			return usageError{errors.New("an export holds whole numbers: add --reveal, which is written to the audit trail")}
		}
		a, p, err := c.ledger(cmd)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.stop()) }()
		all, err := a.allOptOuts(cmd.Context(), p.ODS)
		if err != nil {
			return err
		}
		if err := c.record(a.cfg, "optout export --reveal", p.ODS, fmt.Sprintf("%d numbers", len(all))); err != nil {
			return err
		}
		if c.asJSON {
			rows := make([]optoutRow, len(all))
			for i, o := range all {
				rows[i] = row(o, true)
			}
			return c.print(rows)
		}
		w := csv.NewWriter(c.out)
		_ = w.Write(exported)
		for _, o := range all {
			_ = w.Write([]string{o.Number.Reveal(), utc(o.Since), o.By, o.Scope.String(), visitWord(o), o.Clinic.Reveal()})
		}
		w.Flush()
		return w.Error()
	}
	return cmd
}
