package emis_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"bellman/adapters/emis"
	"bellman/adapters/emis/emissim"
	"bellman/gateway"
)

func TestOneTokenServesUntilShortlyBeforeItsEnd(t *testing.T) {
	s := play(t, monday, nil, nil)
	s.one(t)
	s.clock.Advance(58 * time.Minute)
	s.read(t)
	if n := s.sim.Tokens(); n != 1 {
		t.Errorf("%d tokens within the life of one", n)
	}
	s.clock.Advance(90 * time.Second) // 30 s are left
	s.read(t)
	if n := s.sim.Tokens(); n != 2 {
		t.Errorf("%d tokens after the first had nearly run out, want 2", n)
	}
}

func TestATokenRefusedEarlyIsReplacedOnce(t *testing.T) {
	s := play(t, monday, nil, nil)
	s.one(t)
	s.sim.ExpireTokens()
	if feed := s.read(t); len(feed.Appointments) != 1 {
		t.Error("the read after the replaced token learnt nothing")
	}
	if n := s.sim.Tokens(); n != 2 {
		t.Errorf("%d tokens, want 2", n)
	}
}

func TestATokenThatIsAlwaysRefusedIsDeniedAfterOneReplacement(t *testing.T) {
	s := play(t, monday, nil, nil)
	s.sim.SetFaults(emissim.Faults{Status: http.StatusUnauthorized})
	_, err := s.adapter.Read(t.Context(), s.span)
	if !errors.Is(err, gateway.ErrSourceDenied) {
		t.Errorf("not told as refused credentials: %v", err)
	}
	if tokens, calls := s.sim.Tokens(), s.sim.Calls("GetBookedPatientsV2"); tokens != 2 || calls != 2 {
		t.Errorf("%d tokens and %d calls, want 2 and 2", tokens, calls)
	}
}

func TestMissingRightsAreDenied(t *testing.T) {
	s := play(t, monday, nil, nil)
	s.sim.SetFaults(emissim.Faults{Status: http.StatusForbidden})
	if _, err := s.adapter.Read(t.Context(), s.span); !errors.Is(err, gateway.ErrSourceDenied) {
		t.Errorf("not told as refused credentials: %v", err)
	}
}

func TestAFailingTokenEndpointIsNotADenial(t *testing.T) {
	for _, status := range []int{http.StatusInternalServerError, http.StatusTooManyRequests, http.StatusFound} {
		s := play(t, monday, nil, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == emissim.TokenPath {
					w.WriteHeader(status)
					return
				}
				next.ServeHTTP(w, r)
			})
		})
		_, err := s.adapter.Read(t.Context(), s.span)
		if err == nil || errors.Is(err, gateway.ErrSourceDenied) {
			t.Errorf("status %d: %v", status, err)
		}
	}
}

func TestATokenAnswerWithoutATokenIsAnError(t *testing.T) {
	for _, body := range []string{"", "{}", "<html>", `{"access_token":""}`, `{"access_token":"a\nb"}`, `{"access_token":7}`} {
		s := play(t, monday, nil, func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
		})
		if _, err := s.adapter.Read(t.Context(), s.span); err == nil {
			t.Errorf("a token answer of %d bytes was taken", len(body))
		}
	}
}

func TestTheClientProvesItselfInTheFormOrInAHeader(t *testing.T) {
	for _, how := range []string{emis.TokenAuthPost, emis.TokenAuthBasic} {
		s := play(t, monday, func(c *emis.Config) { c.TokenAuth = how }, nil)
		s.one(t)
		_, _, basic := s.asked.To(emissim.TokenPath)[0].BasicAuth()
		if basic != (how == emis.TokenAuthBasic) {
			t.Errorf("%s: in a header: %t", how, basic)
		}
	}
}

func TestTheLifeOfATokenMayBeTextAndAnAbsentOneServesOneCall(t *testing.T) {
	for life, want := range map[string]int{`"3600"`: 1, `3600`: 1, `null`: 2, `-5`: 2, `"soon"`: 2, `30`: 2, `99999999999999999`: 1} {
		s := play(t, monday, nil, func(next http.Handler) http.Handler { return withLife(next, life) })
		s.read(t)
		first := s.sim.Tokens()
		s.read(t)
		if (want == 1) != (s.sim.Tokens() == first) {
			t.Errorf("life %s: %d tokens for one read, %d for two", life, first, s.sim.Tokens())
		}
	}
}

// withLife says another life of the simulator's tokens than it does.
func withLife(next http.Handler, life string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != emissim.TokenPath {
			next.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(replacing{w, `"expires_in":3600`, `"expires_in":` + life}, r)
	})
}

// replacing swaps words in an answer on its way out.
type replacing struct {
	http.ResponseWriter
	old, new string
}

func (w replacing) Write(b []byte) (int, error) {
	_, err := w.ResponseWriter.Write([]byte(strings.ReplaceAll(string(b), w.old, w.new)))
	return len(b), err
}

func TestSixteenReadsAtOnceShareOneToken(t *testing.T) {
	s := play(t, monday, nil, nil)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := s.adapter.Read(t.Context(), s.span); err != nil {
				t.Errorf("read: %v", err)
			}
		})
	}
	wg.Wait()
	if n := s.sim.Tokens(); n != 1 {
		t.Errorf("%d tokens, want 1", n)
	}
}

func TestATokenOfAnotherPracticeIsRefused(t *testing.T) {
	for _, configured := range []string{"", organisation} {
		s := play(t, monday, func(c *emis.Config) { c.Organisation = configured }, nil)
		s.one(t)
		s.sim.SetOrganisation("ern:emis:org:2")
		s.sim.ExpireTokens()
		calls := s.sim.Calls("GetBookedPatientsV2")
		if _, err := s.adapter.Read(t.Context(), s.span); !errors.Is(err, gateway.ErrSourceDenied) {
			t.Errorf("configured %t: another practice's token was taken", configured != "")
		}
		if s.sim.Calls("GetBookedPatientsV2") != calls+1 { // the one that told that the old token had run out
			t.Error("another practice's diary was asked for")
		}
	}
	s := play(t, monday, func(c *emis.Config) { c.Organisation = "ern:emis:org:3" }, nil)
	if _, err := s.adapter.Read(t.Context(), s.span); !errors.Is(err, gateway.ErrSourceDenied) {
		t.Error("a token of another practice than configured was taken")
	}
}
