package inbox_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/inbox"
)

const (
	jsonKind = "application/json"
	htmlKind = "text/html"
	page     = "<html><body><h1>Bad Gateway</h1></body></html>"
)

// accidents are the ways in which a text can be handed over and nobody knows
// whether it went. taken says whether it did.
var accidents = []struct {
	what  string
	taken bool
	wire  func(*post)
}{
	{"nobody answers in time, and it was not taken", false, (*post).hang},
	{"nobody answers in time, and it was taken", true, func(p *post) { p.taken(); p.hang() }},
	{"the connection is reset before it was taken", false, (*post).reset},
	{"the connection is reset after it was taken", true, func(p *post) { p.taken(); p.reset() }},
	{"the answer breaks off after its head", true, func(p *post) { p.taken(); p.breakOff(http.StatusCreated, "") }},
	{"the answer breaks off in its middle", true, func(p *post) { p.breakOff(http.StatusCreated, p.taken()) }},
	{"a 500 says nothing, and it was not taken", false, func(p *post) { p.say(500, jsonKind, `{"code":20500,"status":500}`) }},
	{"a 500 says nothing, and it was taken", true, func(p *post) { p.taken(); p.say(500, jsonKind, `{"code":20500,"status":500}`) }},
	{"a proxy's 502, and it was not taken", false, func(p *post) { p.say(502, htmlKind, page) }},
	{"a proxy's 504, and it was taken", true, func(p *post) { p.taken(); p.say(504, htmlKind, page) }},
	{"a 302 leads elsewhere", false, func(p *post) { p.w.Header().Set("Location", "https://login.example.org/"); p.say(302, htmlKind, page) }},
	{"a 308 leads elsewhere, after it was taken", true, func(p *post) { p.taken(); p.w.Header().Set("Location", "/elsewhere"); p.say(308, htmlKind, "") }},
	{"a 201 holds an empty object", true, func(p *post) { p.taken(); p.say(201, jsonKind, "{}") }},
	{"a 201 holds nothing", true, func(p *post) { p.taken(); p.say(201, jsonKind, "") }},
	{"a 201 holds an id that is none of the provider's", true, func(p *post) { p.taken(); p.say(201, jsonKind, `{"sid":"12345"}`) }},
	{"a 200 is a proxy's page, and it was not taken", false, func(p *post) { p.say(200, htmlKind, page) }},
	{"a 201 is a proxy's page, and it was taken", true, func(p *post) { p.taken(); p.say(201, htmlKind, page) }},
}

// Three patients meet with the same accident. The first one's text is settled by a
// receipt, the second one's by the provider's list; of the third nobody can tell.
func TestATextOfUnknownFateIsSettledByAReceiptOrTheListOrFailsAndIsNeverPostedBlindly(t *testing.T) {
	const byReceipt, byList, byNobody = 1, 2, 3
	for _, a := range accidents {
		t.Run(a.what, func(t *testing.T) {
			s := newStage(t, func(o *inbox.Options) {
				o.Lister = odd{o.Lister, func(n gateway.Phone, all []gateway.Listed) ([]gateway.Listed, error) {
					if n == gateway.NewPhone(phone(byNobody)) {
						return nil, errors.New("the list cannot be read")
					}
					return all, nil
				}}
			})
			x := s.through(a.wire)
			s.booked(riverside, person(byReceipt), person(byList), person(byNobody))
			s.come(monday)
			s.sendWithin(500 * time.Millisecond) // of real time, for what does not answer
			arrived := 0
			if a.taken {
				arrived = 1
			}
			for n := byReceipt; n <= byNobody; n++ {
				s.stands(s.id(riverside, person(n)), gateway.Unknown, gateway.UnknownOutcome)
				s.texts(n, arrived)
			}
			if a.taken {
				s.receipt(s.id(riverside, person(byReceipt)), "delivered", "")
				s.stands(s.id(riverside, person(byReceipt)), gateway.Delivered, gateway.None)
			}

			s.clock.Advance(settle - time.Second)
			s.reconcileAll()
			s.sendAll()
			s.stands(s.id(riverside, person(byList)), gateway.Unknown, gateway.UnknownOutcome)
			s.come(monday.Add(settle))
			s.reconcileAll()
			s.sendAll()
			s.endedOnce(x, byList, a.taken)
			s.endedOnce(x, byReceipt, a.taken)

			s.stands(s.id(riverside, person(byNobody)), gateway.Unknown, gateway.UnknownOutcome)
			s.clock.Set(tuesday.Add(-time.Hour)) // its last useful moment
			s.reconcileAll()
			s.sendAll()
			s.stands(s.id(riverside, person(byNobody)), gateway.Failed, gateway.UnknownOutcome)
			s.texts(byNobody, arrived)
			if n := x.postsTo(byNobody); n != 1 {
				t.Errorf("posted %d times although nobody could tell", n)
			}
		})
	}
}

// reconcileAll reconciles, whether or not the list can be read for everybody.
func (s *stage) reconcileAll() { _ = s.in.Reconcile(s.t.Context(), s.practice(riverside)) }

// endedOnce checks that a patient's text arrived once, by as many posts as it
// needed: a second one only where the list proved that the first never arrived.
func (s *stage) endedOnce(x *wire, n int, taken bool) {
	s.t.Helper()
	posts := 2
	if taken {
		posts = 1
	}
	if got := x.postsTo(n); got != posts {
		s.t.Errorf("posted %d times, want %d", got, posts)
	}
	s.texts(n, 1)
	if st := s.standing(s.id(riverside, person(n))).State; st != gateway.Delivered && st != gateway.Accepted {
		s.t.Errorf("it is %s", st)
	}
}

// Before there is a connection nothing can have left: that is no unknown fate.
func TestATextThatFoundNoConnectionIsSimplySentLater(t *testing.T) {
	s := newStage(t)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	good := s.provider
	s.provider = s.providerAt(closed.URL)
	s.booked(riverside, person(1))
	s.come(monday)
	s.sendAll()
	s.stands(s.id(riverside, person(1)), gateway.Queued, gateway.None)
	s.provider = good
	s.clock.Advance(time.Minute)
	s.sendAll()
	s.stands(s.id(riverside, person(1)), gateway.Accepted, gateway.None)
	s.texts(1, 1)
}

// With these codes the network says that the phone did not get the text, and not
// why. It is not sent again, and people can see the code.
func TestATextThatTheNetworkLostSightOfIsNotSentAgain(t *testing.T) {
	for code, want := range map[string]int{"30008": 30008, "30500": 30500} {
		t.Run(code, func(t *testing.T) {
			s := newStage(t)
			x := s.through(func(p *post) { p.pass(p.w) })
			s.booked(riverside, person(1))
			s.come(monday)
			s.sendAll()
			id := s.id(riverside, person(1))
			s.stands(id, gateway.Accepted, gateway.None)
			for range 2 { // a receipt may come twice
				s.receipt(id, "undelivered", code)
			}
			for range 3 {
				s.come(s.clock.Now().Add(time.Hour))
				s.reconcileAll()
				s.sendAll()
			}
			s.stands(id, gateway.Undelivered, gateway.NotDelivered)
			if got := s.standing(id).Code; got != want {
				t.Errorf("the code kept is %d", got)
			}
			if n := x.postsTo(1); n != 1 {
				t.Errorf("posted %d times", n)
			}
		})
	}
}
