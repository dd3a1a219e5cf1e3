package main

import (
	"context"
	"fmt"
	"time"

	"bellman/gateway"
)

// measureLedger walks n due reminders through the ledger alone, in batches of
// one size, and says what each step costs Redis.
func measureLedger(ctx context.Context, n, batch int) error {
	r, st, err := openLedger(ctx, everySecond)
	if err != nil {
		return err
	}
	defer r.stop()
	now := time.Now()
	feed := diaryOf(n/practices, now.Add(26*time.Hour).Truncate(time.Minute), now)
	if _, err := planAll(ctx, st, feed, now, "1d"); err != nil {
		return err
	}
	later := now.Add(24 * time.Hour)
	used := map[string]float64{}
	step := func(name string, do func() error) error {
		before := r.cpu(ctx)
		err := do()
		used[name] += r.cpu(ctx) - before
		return err
	}
	total := 0
	for {
		var claims []gateway.Claim
		if err := step("claim", func() error {
			for range 20 {
				got, err := st.Claim(ctx, gateway.Claiming{Now: later, Limit: batch, Lease: time.Minute, Token: gateway.Token{1}})
				if err != nil {
					return err
				}
				claims = append(claims, got.Claims...)
			}
			return nil
		}); err != nil {
			return err
		}
		if len(claims) == 0 {
			break
		}
		total += len(claims)
		for _, to := range []gateway.State{gateway.Sending, gateway.Accepted} {
			if err := step("to "+to.String(), func() error {
				for i := 0; i < len(claims); i += batch {
					var cs []gateway.Change
					for _, c := range claims[i:min(i+batch, len(claims))] {
						ch := gateway.Change{ID: c.ID, To: to, Token: gateway.Token{1}}
						if to == gateway.Sending {
							ch.Digest, ch.Consent, ch.At = c.Digest, true, later.Add(time.Minute)
						} else {
							ch.MessageID = "SM0123456789abcdef0123456789abcdef"
						}
						cs = append(cs, ch)
					}
					if _, err := st.Move(ctx, later, cs); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				return err
			}
		}
	}
	for _, name := range []string{"claim", "to sending", "to accepted"} {
		fmt.Printf("%-14s %6.1f us of Redis a reminder\n", name, used[name]*1e6/float64(total))
	}
	return nil
}
