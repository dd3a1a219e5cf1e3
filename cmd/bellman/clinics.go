package main

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"bellman/gateway"
)

// clinicRow is one clinic of the diary as it is classified.
type clinicRow struct {
	Clinic string `json:"clinic"` // empty: the system says nothing
	Class  string `json:"class"`
	Visits int    `json:"visits"` // booked, and still to come
	Reason string `json:"reason"` // why no text is sent about it; empty: that is no reason
	// NotTo names whom no text is sent to all the same.
	NotTo string `json:"not_to,omitempty"`
}

func (c *cli) clinicsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "clinics --practice ODS", Short: "Show what kind of clinic each one in the diary is taken for; changes nothing",
		Long: `Read a practice's diary once and list what its clinics, slot types or services
are called, with what each is taken for: sensitive, unknown (nobody has classified
it), or general; how many booked visits there are to come; and the reason for
which no text is sent about them, if there is one. Sensitive ones come first, then
those that nobody has classified.

Name a clinic under policy.clinics.sensitive or policy.clinics.general to classify
it (docs/who.md). Where a system has several words for one visit they stand with a
semicolon between them; name one of them, or the whole. Names of clinics say why
people come: keep the list among those who may know. Nothing of it is kept, logged
or counted.`,
		Args: exactly(0),
	}
	cmd.Flags().String("practice", "", "the practice's ODS code")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		a, p, err := c.one(cmd)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.stop()) }()
		feed, err := read(cmd.Context(), p, c.now())
		if err != nil {
			return err
		}
		return c.showClinics(clinicsOf(p.Policy.Who, feed.Appointments, c.now()), feed.Complete)
	}
	return cmd
}

// clinicsOf counts the booked visits to come by clinic, what needs looking at first.
func clinicsOf(who gateway.Who, all []gateway.Appointment, now time.Time) []clinicRow {
	classes, visits := map[string]gateway.ClinicClass{}, map[string]int{}
	for _, a := range all {
		if a.Status != gateway.StatusBooked || !a.Start.After(now) {
			continue
		}
		name := shownClinic(a.Clinic)
		visits[name]++
		classes[name] = max(classes[name], who.Clinics.Class(a.Clinic))
	}
	rows := make([]clinicRow, 0, len(visits))
	for name, n := range visits {
		class := classes[name]
		row := clinicRow{Clinic: name, Class: classWord(class), Visits: n, Reason: who.At(class).String()}
		if class == gateway.ClinicSensitive && row.Reason == "" {
			row.NotTo = "11 to 15 year olds"
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b clinicRow) int {
		return cmp.Or(cmp.Compare(slices.Index(classOrder, a.Class), slices.Index(classOrder, b.Class)), cmp.Compare(b.Visits, a.Visits), cmp.Compare(a.Clinic, b.Clinic))
	})
	return rows
}

// shownClinic gives a name as it may go to a terminal: what a system sends can hold
// anything.
func shownClinic(n gateway.ClinicName) string {
	plain := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, n.Reveal())
	return strings.Join(strings.Fields(plain), " ")
}

// classOrder is the order in which classes are shown.
var classOrder = []string{"sensitive", "unknown", "not_said", "general"}

func classWord(c gateway.ClinicClass) string {
	switch c {
	case gateway.ClinicUnsaid:
		return "not_said"
	case gateway.ClinicGeneral:
		return "general"
	case gateway.ClinicSensitive:
		return "sensitive"
	case gateway.ClinicUnknown:
	}
	return "unknown"
}

func (c *cli) showClinics(rows []clinicRow, complete bool) error {
	if c.asJSON {
		return c.print(rows)
	}
	for _, r := range rows {
		what := "texted"
		switch {
		case r.Reason != "":
			what = "not texted: " + r.Reason
		case r.NotTo != "":
			what = "texted, but not to " + r.NotTo
		}
		c.say("%-10s %5d  %-40s %s", r.Class, r.Visits, cmp.Or(r.Clinic, "(the system says nothing)"), what)
	}
	if !complete {
		c.say("note: the read is not complete; there may be more clinics")
	}
	return nil
}
