package tpp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"bellman/gateway"
)

const (
	// approvalWait is how long one read waits for a person's click.
	approvalWait = 100 * time.Second
	// approvalSlack is left of a read's time to say that nobody clicked.
	approvalSlack = 5 * time.Second
	// askAgain is how long nobody else asks for approval after one process did: every
	// question is one more dialog on the practice's screen.
	askAgain = 30 * time.Minute
	// keyDevice is where the device's id is kept.
	keyDevice = "device"
)

// ErrApproval means that a person at the practice has to let this installation in.
var ErrApproval = errors.New("SystmOne asks on the practice's PC whether " + deviceVersion + " may connect: somebody who is logged on there must click Approve; then this goes on by itself")

var errNotApproved = fmt.Errorf("%w: SystmOne did not let this installation in; unblock it in Setup > Mobile Working & Integration > Device Manager", gateway.ErrSourceDenied)

// keptDevice is what is kept of the approval.
type keptDevice struct {
	ID    string `json:"id,omitempty"`
	Asked int64  `json:"asked,omitempty"` // Unix seconds; somebody may still click
}

// approval is the one question to a person that is open, over several reads: the
// connection stays up until the answer comes.
type approval struct {
	turn    chan struct{} // held by who looks at the rest
	pending *session
	device  gateway.Secret
}

func newApproval() approval { return approval{turn: make(chan struct{}, 1)} }

// device gives the id that SystmOne has given to this installation. With ask, a
// person is asked for one where there is none yet.
func (a *Adapter) device(ctx context.Context, ask bool) (gateway.Secret, error) {
	if !a.config.DeviceID.IsZero() {
		return a.config.DeviceID, nil
	}
	select {
	case a.approval.turn <- struct{}{}:
	case <-ctx.Done():
		return gateway.Secret{}, ctx.Err()
	}
	defer func() { <-a.approval.turn }()
	if !a.approval.device.IsZero() {
		return a.approval.device, nil
	}
	kept, was, err := a.keptDevice(ctx)
	switch {
	case err != nil:
		return gateway.Secret{}, err
	case kept.ID != "":
		a.approval.device = gateway.NewSecret(kept.ID)
		a.dropPending()
		return a.approval.device, nil
	case !ask:
		return gateway.Secret{}, ErrApproval
	}
	return a.approve(ctx, kept, was)
}

func (a *Adapter) keptDevice(ctx context.Context) (keptDevice, gateway.Kept, error) {
	got, err := a.env.Shelf.Get(ctx, keyDevice)
	if err != nil {
		return keptDevice{}, gateway.Kept{}, fmt.Errorf("look for the kept device id: %w", err)
	}
	var d keptDevice
	if len(got[0].Value) > 0 && json.Unmarshal(got[0].Value, &d) != nil {
		d = keptDevice{}
	}
	return d, got[0], nil
}

func (a *Adapter) keepDevice(ctx context.Context, d keptDevice, was gateway.Kept) error {
	b, err := json.Marshal(d)
	if err != nil {
		return errors.New("keep the device id: it cannot be written")
	}
	was.Value = b
	if err := a.env.Shelf.Put(ctx, was); err != nil {
		return fmt.Errorf("keep the device id: %w", err)
	}
	return nil
}

// approve asks for approval, or goes on waiting for it.
func (a *Adapter) approve(ctx context.Context, kept keptDevice, was gateway.Kept) (gateway.Secret, error) {
	if a.approval.pending == nil {
		now := a.env.Clock.Now()
		if kept.Asked != 0 && now.Sub(time.Unix(kept.Asked, 0)).Abs() < askAgain {
			return gateway.Secret{}, ErrApproval
		}
		if err := a.keepDevice(ctx, keptDevice{Asked: now.Unix()}, was); err != nil {
			return gateway.Secret{}, err
		}
		if err := a.askApproval(ctx); err != nil {
			a.forgetAsking(ctx)
			return gateway.Secret{}, err
		}
	}
	id, err := a.awaitApproval(ctx)
	if err != nil {
		if errors.Is(err, errLost) || errors.Is(err, errCutOff) {
			a.forgetAsking(ctx) // the question has gone from the screen
		}
		return gateway.Secret{}, err
	}
	_, was, err = a.keptDevice(ctx)
	if err == nil {
		err = a.keepDevice(ctx, keptDevice{ID: id}, was)
	}
	if err != nil {
		return gateway.Secret{}, err
	}
	a.approval.device = gateway.NewSecret(id)
	return a.approval.device, nil
}

// forgetAsking lets the next read ask anew. That it cannot be kept only makes that
// read wait.
func (a *Adapter) forgetAsking(ctx context.Context) {
	if d, was, err := a.keptDevice(ctx); err == nil && d.ID == "" {
		_ = a.keepDevice(ctx, keptDevice{}, was)
	}
}

// askApproval sends a request without a device's id, which puts the question on the
// practice's screen.
func (a *Adapter) askApproval(ctx context.Context) error {
	if turn := a.env.Turn; turn != nil {
		if err := turn(ctx); err != nil {
			return err
		}
	}
	if err := a.line.enter(ctx, laneOthers); err != nil {
		return err
	}
	defer a.line.leave()
	limited, cancel := context.WithTimeout(ctx, a.config.AnswerWithin)
	defer cancel()
	s := a.session(gateway.Secret{}, false)
	if err := s.send(limited, question{function: fnFunctions}, a.requests.next()); err != nil {
		s.close()
		return err
	}
	a.approval.pending = s
	return nil
}

// awaitApproval waits for the click, and gives the device's id. With ErrApproval
// the question stays open for the next read.
func (a *Adapter) awaitApproval(ctx context.Context) (string, error) {
	limited, cancel := context.WithTimeout(ctx, approvalWait)
	defer cancel()
	if end, ok := ctx.Deadline(); ok {
		limited, cancel = context.WithDeadline(limited, end.Add(-approvalSlack))
		defer cancel()
	}
	s := a.approval.pending
	release := unblock(limited, s.conn)
	_, err := s.r.Peek(1) // keeps nothing half-read when nobody clicks
	release()
	switch {
	case ctx.Err() != nil:
		_ = s.conn.SetDeadline(time.Time{})
		return "", ctx.Err()
	case err != nil && limited.Err() != nil:
		_ = s.conn.SetDeadline(time.Time{})
		return "", ErrApproval
	case err != nil:
		a.dropPending()
		return "", errLost
	}
	defer a.dropPending()
	whole, done := context.WithTimeout(ctx, a.config.AnswerWithin)
	defer done()
	_ = s.conn.SetDeadline(time.Time{})
	defer unblock(whole, s.conn)()
	got, err := readAnswer(s.r)
	switch {
	case err != nil:
		return "", err
	case got.Body == nil || got.Body.ErrorMessage != nil || trim(got.DeviceID) == "":
		return "", errNotApproved
	}
	return trim(got.DeviceID), nil
}

func (a *Adapter) dropPending() {
	if a.approval.pending != nil {
		a.approval.pending.close()
		a.approval.pending = nil
	}
}

// CloseIdle drops the connection on which approval is waited for, for an orderly
// stop.
func (a *Adapter) CloseIdle() {
	a.approval.turn <- struct{}{}
	a.dropPending()
	<-a.approval.turn
}
