package inbox_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/inbox"
)

// orders gives every order of the given things.
func orders(of []string) [][]string {
	if len(of) == 0 {
		return [][]string{nil}
	}
	var out [][]string
	for i, first := range of {
		rest := slices.Delete(slices.Clone(of), i, i+1)
		for _, o := range orders(rest) {
			out = append(out, append([]string{first}, o...))
		}
	}
	return out
}

// What comes of one text: the provider's own answer to the hand-over, and its
// receipts, some of them twice. They may come in any order.
func TestReceiptsInAnyOrderEndRight(t *testing.T) {
	for last, code := range map[string]string{"delivered": "", "undelivered": "30003"} {
		t.Run(last, func(t *testing.T) {
			s := newStage(t)
			all := orders([]string{"answer", "sent", last, last})
			for n := range all {
				s.visits[riverside][person(n).ID] = person(n)
			}
			s.come(friday)
			s.come(monday)
			state, why := gateway.Delivered, gateway.None
			if last == "undelivered" {
				state, why = gateway.Undelivered, gateway.NotDelivered
			}
			got := must(s.memory.Claim(t.Context(), gateway.Claiming{Now: monday, Limit: 1000, Lease: time.Minute, Token: gateway.Token{1}}))
			if len(got.Claims) != len(all) {
				t.Fatalf("%d claims", len(got.Claims))
			}
			for i, c := range got.Claims {
				s.move(gateway.Change{ID: c.ID, Token: c.Token, To: gateway.Sending, Digest: c.Digest, At: monday.Add(time.Minute)})
				for _, what := range all[i] {
					if what == "answer" {
						s.move(gateway.Change{ID: c.ID, Token: c.Token, Only: "s", To: gateway.Accepted, MessageID: sid(1)})
						continue
					}
					given := ""
					if what == last {
						given = code
					}
					if got := s.receipt(c.ID, what, given); got.status != http.StatusOK {
						t.Fatalf("%v: answered %d", all[i], got.status)
					}
				}
				if st := s.standing(c.ID); st.State != state || st.Reason != why || st.MessageID != sid(1) {
					t.Errorf("%v ends as %s (%s)", all[i], st.State, st.Reason)
				}
			}
			if n := s.metric("bellman_deliveries_total", last); n != float64(len(all)) {
				t.Errorf("%v texts are counted as %s, want %d", n, last, len(all))
			}
			if s.settled.Load() != 0 {
				t.Error("counted as settled although nothing was unknown")
			}
		})
	}
}

func TestAReceiptSettlesATextOfUnknownFate(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(0), person(1), person(2))
	s.come(monday)
	for i, status := range []string{"sent", "delivered", "undelivered"} {
		id := s.id(riverside, person(i))
		got := must(s.memory.Claim(t.Context(), gateway.Claiming{Now: s.clock.Now(), Limit: 1000, Lease: time.Hour, Token: gateway.Token{1}}))
		for _, c := range got.Claims {
			s.move(gateway.Change{ID: c.ID, To: gateway.Sending, At: monday.Add(time.Hour)})
			s.move(gateway.Change{ID: c.ID, To: gateway.Unknown, Reason: gateway.UnknownOutcome})
		}
		s.stands(id, gateway.Unknown, gateway.UnknownOutcome)
		s.receipt(id, status, "")
		if st := s.standing(id).State; st != []gateway.State{gateway.Accepted, gateway.Delivered, gateway.Undelivered}[i] {
			t.Errorf("%s: it is %s", status, st)
		}
	}
	if n := s.settled.Load(); n != 3 {
		t.Errorf("%d are counted as accepted after all", n)
	}
}

func TestAReceiptForWhatNobodyKnowsIsCounted(t *testing.T) {
	s := newStage(t)
	known := s.id(riverside, person(1))
	foreign := known
	foreign.Practice = "Z99999"
	for name, path := range map[string]string{
		"no id":              inbox.StatusPath,
		"another's practice": inbox.StatusPath + "?r=" + foreign.String(),
		"a forgotten one":    inbox.StatusPath + "?r=" + known.String(),
	} {
		form := text(1, fromRiverside, "", sid(1))
		form.Set("MessageStatus", "delivered")
		if got := s.post(path, form); got.status != http.StatusOK {
			t.Errorf("%s: answered %d", name, got.status)
		}
	}
	if n := s.metric("bellman_webhook_rejected_total", "unknown_reminder"); n != 3 {
		t.Errorf("%v were counted", n)
	}
}

func TestAReceiptForWhatHasNotLeftChangesNothing(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	if got := s.receipt(s.id(riverside, person(1)), "delivered", ""); got.status != http.StatusOK {
		t.Errorf("answered %d", got.status)
	}
	s.stands(s.id(riverside, person(1)), gateway.Queued, gateway.None)
}

// With Advanced Opt-Out the provider says only in the receipt that the number is
// blocked.
func TestABlockThatTheReceiptTellsOfIsAnOptOut(t *testing.T) {
	s := newStage(t)
	later := person(1)
	later.ID, later.Start = "88900", tuesday.AddDate(0, 0, 1)
	s.booked(riverside, person(1), later)
	s.come(monday)
	accept := s.leaving(1)
	s.move(accept)
	s.memory.moving = failing(1) // Redis fails between the opt-out and the receipt's own move
	if got := s.receipt(accept.ID, "failed", "21610"); got.status != http.StatusServiceUnavailable {
		t.Errorf("answered %d", got.status)
	}
	if got := s.receipt(accept.ID, "failed", "21610"); got.status != http.StatusOK {
		t.Errorf("sent again: answered %d", got.status)
	}
	s.stands(accept.ID, gateway.Undelivered, gateway.ProviderOptOut)
	s.stands(s.id(riverside, later), gateway.Withdrawn, gateway.OptedOut)
	if by := s.optedOut(riverside, 1); by != "provider" {
		t.Errorf("opted out by %q", by)
	}
	s.opened(map[gateway.TaskKind]int{gateway.TaskOptOut: 1})
	if n := s.metric("bellman_optouts_added_total", "provider"); n != 1 {
		t.Errorf("%v are counted", n)
	}
	s.post(inbox.InboundPath, text(1, fromRiverside, "START", sid(5)))
	s.receipt(accept.ID, "failed", "21610") // the same receipt once more
	if by := s.optedOut(riverside, 1); by != "" {
		t.Errorf("a receipt that came twice undid START: opted out by %q", by)
	}
}

func TestReceiptsOfTheSimulatedNetworkFindTheirReminders(t *testing.T) {
	for name, m := range map[string]twiliosim.Mischief{
		"in order": {}, "doubled": {Doubled: 1}, "shuffled": {Shuffled: 1}, "before the answer": {Early: 1},
		"all at once": {Doubled: 1, Shuffled: 1, Early: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.sim.SetMischief(m)
			s.sim.SetFate(phone(2), twiliosim.Fate{Code: 30003})
			s.booked(riverside, person(1), person(2))
			s.come(monday)
			s.sendAll()
			s.sim.Flush(t.Context())
			s.stands(s.id(riverside, person(1)), gateway.Delivered, gateway.None)
			s.stands(s.id(riverside, person(2)), gateway.Undelivered, gateway.NotDelivered)
			if st := s.standing(s.id(riverside, person(2))); st.Code != 30003 || !strings.HasPrefix(st.MessageID, "SM") {
				t.Errorf("kept: code %d", st.Code)
			}
			for _, status := range []string{"delivered", "undelivered"} {
				if n := s.metric("bellman_deliveries_total", status); n != 1 {
					t.Errorf("%v are counted as %s", n, status)
				}
			}
			if c := s.sim.Counts(); c.CallbacksFailed != 0 {
				t.Errorf("%d receipts were not taken", c.CallbacksFailed)
			}
		})
	}
}
