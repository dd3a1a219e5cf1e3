package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bellman/configs"
	"bellman/gateway"
	"bellman/gateway/number"
)

// meant is what a command that changes opt-outs is about, as its flags name it: a
// number, one visit, or one clinic for a number.
type meant struct {
	number      gateway.Phone
	appointment string
	clinic      gateway.Text
}

// meaning gives a command the flags that name what it is about.
func meaning(cmd *cobra.Command) *cobra.Command {
	cmd.Args = exactly(0)
	cmd.Flags().String("practice", "", "the practice's ODS code")
	cmd.Flags().String("number", "", "the mobile number, in any usual form")
	cmd.Flags().String("appointment", "", "only this visit, instead of a number; as explain names it")
	cmd.Flags().String("clinic", "", "only this clinic, for the number: its name, or whole words that stand in it")
	return cmd
}

// readMeant reads what meaning added.
func readMeant(cmd *cobra.Command) (m meant, err error) {
	m.appointment, _ = cmd.Flags().GetString("appointment")
	clinic, _ := cmd.Flags().GetString("clinic")
	switch {
	case m.appointment != "" && (clinic != "" || cmd.Flags().Changed("number")):
		return m, usageError{errors.New("--appointment names one visit, whatever its number or clinic: leave --number and --clinic out")}
	case m.appointment != "":
		return m, nil
	case cmd.Flags().Changed("clinic") && !gateway.PhraseFits(clinic):
		return m, usageError{errors.New("--clinic is a clinic's name or words that stand in it: at least one and at most six")}
	}
	m.clinic = gateway.NewText(strings.TrimSpace(clinic))
	m.number, err = numberFlag(cmd)
	return m, err
}

// numberFlag reads --number. A STOP may have come from any number, so drama numbers
// are taken here in every mode: an opt-out only ever withholds.
func numberFlag(cmd *cobra.Command) (gateway.Phone, error) {
	raw, err := required(cmd, "number")
	if err != nil {
		return gateway.Phone{}, err
	}
	n, kind := number.Parse(raw, true)
	if kind != gateway.NumberMobile {
		return n, usageError{errors.New("--number is not one UK mobile number; write it as 07700 900123 or +447700900123")}
	}
	return n, nil
}

// optOutOf gives the opt-out that is meant, of a practice and from now on. A visit is
// looked up in the books.
func (a *app) optOutOf(ctx context.Context, p gateway.ODS, m meant) (gateway.OptOut, error) {
	o := gateway.OptOut{Practice: p, Number: m.number, Since: a.clock.Now(), By: gateway.OutByStaff}
	switch {
	case m.appointment != "":
		k, err := a.find(ctx, p, gateway.AppointmentID(m.appointment))
		if err != nil {
			return o, err
		}
		if k.Damaged {
			return o, errors.New("what is kept of this appointment cannot be read; wait for the next read of the diary, which writes it anew")
		}
		ap := k.Facts.Appointment
		o.Scope, o.Visit, o.Start, o.Number = gateway.ScopeVisit, ap.Identity(), k.Head.Start, ap.Patient.Mobile
	case !m.clinic.IsZero():
		o.Scope, o.Clinic = gateway.ScopeClinic, m.clinic
	}
	return o, nil
}

// standingOf gives the opt-out of a visit or clinic that stands and is meant. Nobody
// has to find the visit in the books for it.
func (a *app) standingOf(ctx context.Context, p gateway.ODS, m meant) (gateway.OptOut, error) {
	all, err := a.store.FinerOptOuts(ctx, p)
	if err != nil {
		return gateway.OptOut{}, err
	}
	var found []gateway.OptOut
	for _, o := range all {
		id := visitWord(o)
		visit := m.appointment != "" && o.Scope == gateway.ScopeVisit && (id == m.appointment || strings.HasPrefix(id, m.appointment+"-"))
		clinic := m.appointment == "" && o.SameAs(gateway.OptOut{Practice: p, Number: m.number, Scope: gateway.ScopeClinic, Clinic: m.clinic})
		if visit || clinic {
			found = append(found, o)
		}
	}
	switch len(found) {
	case 0:
		return gateway.OptOut{}, errors.New("there is no such opt-out; `bellman optout list` shows all, with --reveal the names of clinics")
	case 1:
		return found[0], nil
	}
	return gateway.OptOut{}, errors.New("several visits of this slot were opted out: name one as `bellman optout list` does")
}

// visitWord is how commands name the visit of an opt-out; "" when it is of none.
func visitWord(o gateway.OptOut) string {
	id, _, _ := strings.Cut(string(o.Visit), "\x00") // the patient's id, where it is not part of the visit's
	return id
}

// subject says in words what an opt-out is about, with nothing of the patient.
func subject(o gateway.OptOut) string {
	switch o.Scope {
	case gateway.ScopeVisit:
		return "texts about appointment " + visitWord(o)
	case gateway.ScopeClinic:
		return fmt.Sprintf("texts about this clinic to a number ending in %s", o.Number.LastThree())
	case gateway.ScopePractice, gateway.ScopeAll:
	}
	return fmt.Sprintf("texts to a number ending in %s", o.Number.LastThree())
}

// reach says of an opt-out that is not of one practice's texts to a number how far it
// reaches. The name of a clinic tells why somebody comes: it is shown to who asks
// with --reveal.
func reach(o gateway.OptOut, reveal bool) string {
	switch o.Scope {
	case gateway.ScopeAll:
		return ", of all practices"
	case gateway.ScopeVisit:
		return ", of appointment " + visitWord(o)
	case gateway.ScopeClinic:
		if reveal {
			return ", of the clinic " + o.Clinic.Reveal()
		}
		return ", of one clinic"
	case gateway.ScopePractice:
	}
	return ""
}

// addFiner records an opt-out of one visit, or of one clinic, and says what it did.
func (c *cli) addFiner(ctx context.Context, a *app, o gateway.OptOut) error {
	moves, err := a.optOut(ctx, o)
	if err != nil {
		return err
	}
	words := fmt.Sprintf("opted out of %s; %d reminder(s) withdrawn", subject(o), len(moves))
	if o.Scope == gateway.ScopeClinic {
		words = fmt.Sprintf("opted out of %s; %d reminder(s) to the number are held until the next read of the diary tells which visits are there", subject(o), len(moves))
	}
	if !a.quietFor(ctx, o) {
		words += ". A text to the number was just leaving, and may still arrive"
	}
	return c.tell(true, "%s", words)
}

// quietLimit is how long a command waits for a text that is just leaving: what has not
// begun to leave after that time does not.
const quietLimit = 8 * time.Second

// quietFor waits until nothing is leaving for the number of an opt-out that was just
// recorded, and reports whether that is so. Nothing more begins to leave.
func (a *app) quietFor(ctx context.Context, o gateway.OptOut) bool {
	if o.Number.IsZero() {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, quietLimit)
	defer cancel()
	for {
		busy, err := a.store.InFlight(ctx, o.Practice, o.Number)
		if err == nil && !busy {
			return true
		}
		if !gateway.Wait(ctx, 50*time.Millisecond) {
			return false
		}
	}
}

// removeFiner lifts the opt-out of one visit, or of one clinic.
func (c *cli) removeFiner(cmd *cobra.Command, a *app, p configs.Practice, m meant, yes bool) error {
	o, err := a.standingOf(cmd.Context(), p.ODS, m)
	if err != nil {
		return err
	}
	if !yes {
		return c.tell(false, "would let %s go again; add --yes", subject(o))
	}
	who, note, detail := signature(cmd)
	if detail, err = a.finerDetail(cmd.Context(), o, detail); err != nil {
		return err
	}
	if err := c.record(a.cfg, "optout remove", p.ODS, detail); err != nil {
		return err
	}
	o.Since, o.By, o.Who, o.Note = c.now(), gateway.OutByStaff, who, note
	if err := a.store.OptIn(cmd.Context(), o); err != nil {
		return err
	}
	return c.tell(true, "%s may go again, as far as nothing else withholds them; reminders come back with the next read of the diary", subject(o))
}

// finerDetail is what the audit trail says of an opt-out of a visit or a clinic: our own
// id of the visit, since the clinical system's may hold the patient's number there, and
// nothing of the clinic.
func (a *app) finerDetail(ctx context.Context, o gateway.OptOut, detail string) (string, error) {
	words := o.Scope.String()
	if o.Scope == gateway.ScopeVisit {
		ref, err := a.store.Ref(ctx, o.Practice, o.Visit)
		if err != nil {
			return "", err
		}
		words += " " + ref.String()
	}
	return strings.TrimSpace(words + " " + detail), nil
}

// stillFiner says what of a number stays opted out when the number itself no longer is.
func (a *app) stillFiner(ctx context.Context, p gateway.ODS, n gateway.Phone) (string, error) {
	all, err := a.finerOf(ctx, p, n)
	if err != nil || len(all) == 0 {
		return "", err
	}
	return fmt.Sprintf(". Of the number %d visit(s) or clinic(s) stay opted out: see `bellman optout check`", len(all)), nil
}

// finerOf gives the opt-outs of visits and clinics that were recorded for a number.
func (a *app) finerOf(ctx context.Context, p gateway.ODS, n gateway.Phone) ([]gateway.OptOut, error) {
	all, err := a.store.FinerOptOuts(ctx, p)
	var out []gateway.OptOut
	for _, o := range all {
		if o.Number == n {
			out = append(out, o)
		}
	}
	return out, err
}
