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
	"bellman/gateway/audit"
	"bellman/gateway/inbox"
	"bellman/gateway/message"
)

// writers gives the clinical systems that may be told of an opt-out: those of
// practices where a named person approved it.
func (a *app) writers() map[gateway.ODS]gateway.PreferenceWriter {
	out := map[gateway.ODS]gateway.PreferenceWriter{}
	for i, p := range a.practices {
		if w, ok := p.Source.(gateway.PreferenceWriter); ok && a.cfg.Practices[i].Writes.OptOuts != "" {
			out[p.ODS] = w
		}
	}
	return out
}

// selfCancels gives the clinical systems in which a patient's text alone may cancel a
// visit: those of practices that have switched it on, and where a named person
// approved it.
func (a *app) selfCancels() map[gateway.ODS]inbox.CancelSystem {
	out := map[gateway.ODS]inbox.CancelSystem{}
	for i, p := range a.practices {
		s, ok := p.Source.(inbox.CancelSystem)
		if ok && p.Policy.AutoCancel.On && a.cfg.Practices[i].Writes.Cancellations != "" {
			out[p.ODS] = s
		}
	}
	return out
}

// cancels gives the inbox what it needs to cancel at a patient's word.
func (a *app) cancels(refresh func(context.Context, gateway.ODS, gateway.Appointment) error) inbox.Cancels {
	trail := audit.New(auditFile(a.cfg))
	return inbox.Cancels{
		Memory: a.store, Systems: a.selfCancels(), Refresh: refresh, Words: message.Cancelled, Unclear: message.Unclear,
		Audit: func(p gateway.ODS, ref gateway.Ref) error {
			return trail.Append(audit.Entry{At: a.clock.Now(), Who: "bellman", What: "cancel by text", Practice: string(p), Detail: ref.String()})
		},
	}
}

// powerFaults says which approvals are for something that a practice's system
// cannot do.
func powerFaults(p configs.Practice, source gateway.Source) []gateway.Fault {
	var out []gateway.Fault
	missing := func(approved, key, what string, can bool) {
		if approved != "" && !can {
			out = append(out, gateway.Fault{
				Path:    fmt.Sprintf("%s.writes.%s", strings.TrimSuffix(p.Source.Path, ".source"), key),
				Problem: fmt.Sprintf("cannot be: Bellman has no way to %s in %s; remove it, and people do it from a task", what, p.Source.Type),
			})
		}
	}
	_, writes := source.(gateway.PreferenceWriter)
	_, cancels := source.(gateway.Canceller)
	if _, looks := source.(gateway.Rereader); p.Policy.AutoCancel.On && cancels && !looks {
		out = append(out, gateway.Fault{
			Path:    strings.TrimSuffix(p.Source.Path, ".source") + ".policy.cancel.automatic",
			Problem: fmt.Sprintf("cannot be: %s cannot be asked how a visit is just before it is cancelled", p.Source.Type),
		})
	}
	missing(p.Writes.OptOuts, "opt_outs", "record an opt-out", writes)
	missing(p.Writes.Cancellations, "cancellations", "cancel an appointment", cancels)
	return out
}

// cancelWithin is how long the clinical system has to confirm a cancellation.
const cancelWithin = time.Minute

func (c *cli) cancelCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "cancel --practice ODS --appointment ID", Short: "Cancel one appointment in the clinical system, once",
		Long: `Cancel one appointment in the practice's own clinical system, where Bellman can do
so and somebody at the practice has approved it (writes.cancellations in the
configuration). The appointment is looked at first: one that is no longer what
Bellman knows is left alone. It is asked for once. When the system does not
confirm, nobody knows whether it is cancelled, and a person has to look there.

Its reminders are withdrawn by the next read of the diary.`,
		Args: exactly(0),
	}
	cmd.Flags().String("practice", "", "the practice's ODS code")
	cmd.Flags().String("appointment", "", "the appointment's id in the clinical system, as `bellman pull` shows it")
	by := cmd.Flags().String("by", "", "who decides this")
	yes := cmd.Flags().Bool("yes", false, "do it; without it only what would be done is said")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		id, err := required(cmd, "appointment")
		if err != nil {
			return err
		}
		a, p, err := c.one(cmd)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.stop()) }()
		configured, err := practiceFlag(cmd, a.cfg)
		if err != nil {
			return err
		}
		canceller, ok := p.Source.(gateway.Canceller)
		switch {
		case !ok:
			return fmt.Errorf("bellman has no way to cancel in %s", p.SourceType)
		case configured.Writes.Cancellations == "":
			return fmt.Errorf("nobody at %s has approved it: see writes.cancellations in the configuration", p.ODS)
		}
		if err := a.openStore(cmd.Context()); err != nil {
			return err
		}
		known, err := a.find(cmd.Context(), p.ODS, gateway.AppointmentID(id))
		if err != nil {
			return err
		}
		visit := known.Facts.Appointment
		switch {
		case known.Damaged || visit.Status != gateway.StatusBooked || !visit.Start.After(c.now()):
			return errors.New("what is known of the appointment is not that it is booked and still to come")
		case !*yes:
			return c.tell(false, "would cancel the appointment of %s in %s; add --by and --yes", local(visit.Start), p.SourceType)
		case *by == "":
			return usageError{errors.New("write who decides this (--by)")}
		}
		if err := c.record(a.cfg, "cancel", p.ODS, "by "+*by+": "+known.Ref.String()); err != nil {
			return err
		}
		return c.cancelOnce(cmd.Context(), canceller, visit, p.SourceType)
	}
	return cmd
}

// cancelOnce asks for it once, whatever becomes of the caller: cut short, nobody
// would know.
func (c *cli) cancelOnce(ctx context.Context, canceller gateway.Canceller, visit gateway.Appointment, system string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelWithin)
	defer cancel()
	err := canceller.CancelAppointment(ctx, visit)
	switch {
	case err == nil:
		return c.tell(true, "the appointment of %s is cancelled in %s", local(visit.Start), system)
	case errors.Is(err, gateway.ErrNotWritten):
		return fmt.Errorf("the appointment is not cancelled: %w", err)
	}
	return fmt.Errorf("nobody knows whether it is cancelled: look there before anything else is done: %w", err)
}
