package outbound_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"bellman/gateway/outbound"
)

var noon = time.Date(2026, time.November, 16, 12, 0, 0, 0, time.UTC)

// headers makes the answer with a Date and an Age; an empty one is not sent.
func headers(date, age string) *outbound.Response {
	h := http.Header{}
	if date != "" {
		h.Set("Date", date)
	}
	if age != "" {
		h.Set("Age", age)
	}
	return &outbound.Response{Status: http.StatusOK, Header: h}
}

func ago(d time.Duration) string { return noon.Add(-d).Format(http.TimeFormat) }

func TestAnAnswerIsAsOldAsItSays(t *testing.T) {
	for what, c := range map[string]struct {
		res  *outbound.Response
		want time.Duration // before noon
	}{
		"says nothing":                                           {headers("", ""), 0},
		"was made now":                                           {headers(ago(0), ""), 0},
		"was made two minutes ago":                               {headers(ago(2*time.Minute), ""), 0},
		"was made a second before that":                          {headers(ago(2*time.Minute+time.Second), ""), 2*time.Minute + time.Second},
		"was made three hours ago":                               {headers(ago(3*time.Hour), ""), 3 * time.Hour},
		"comes from a clock ahead of ours":                       {headers(ago(-time.Hour), ""), 0},
		"was kept for ten seconds":                               {headers(ago(10*time.Second), "10"), 10 * time.Second},
		"was kept for three hours":                               {headers("", "10800"), 3 * time.Hour},
		"was kept by a cache with its own date for the answer":   {headers(ago(0), " 10800 "), 3 * time.Hour},
		"was kept for no time by a cache that keeps its old day": {headers(ago(3*time.Hour), "0"), 3 * time.Hour},
		"was kept for ever":                                      {headers("", "99999999999999999999999"), 1 << 31 * time.Second},
		"was kept for a number of ms":                            {headers("", "9223372036854775807"), 1 << 31 * time.Second},
		"says what cannot be read":                               {headers("yesterday", "a while"), 0},
		"was kept for less than no time":                         {headers("", "-10800"), 0},
	} {
		var a outbound.Age
		a.Heard(c.res, noon)
		if got := noon.Sub(a.AsOf(noon)); got != c.want {
			t.Errorf("an answer that %s is %v old, want %v", what, got, c.want)
		}
	}
}

func TestSeveralAnswersAreAsOldAsTheOldest(t *testing.T) {
	var a outbound.Age
	a.Heard(headers(ago(0), ""), noon)
	a.Heard(headers(ago(0), "60"), noon)
	a.Told(noon.Add(-time.Hour), noon)
	a.Told(time.Time{}, noon)
	a.Heard(headers(ago(0), "5"), noon)
	if got := noon.Sub(a.AsOf(noon)); got != time.Hour {
		t.Errorf("%v old, want an hour", got)
	}
	if got := a.Remark(noon); !strings.Contains(got, "60 minutes old") {
		t.Errorf("the operator reads %q", got)
	}
}

func TestNothingIsNewerThanTheQuestion(t *testing.T) {
	var a outbound.Age
	a.Heard(headers(ago(0), "10"), noon)
	if asked := noon.Add(-time.Minute); !a.AsOf(asked).Equal(asked) {
		t.Errorf("as of %v, and asked at %v", a.AsOf(asked), asked)
	}
	if got := a.Remark(noon); got != "" {
		t.Errorf("ten seconds are worth a remark: %q", got)
	}
}

func TestAnAnswerOfMoreThanFiveMinutesIsNotBelievedInTheMomentOfSending(t *testing.T) {
	for age, want := range map[string]error{"": nil, "300": nil, "301": outbound.ErrOld} {
		var a outbound.Age
		a.Heard(headers(ago(0), age), noon)
		if err := a.Recent(noon); !errors.Is(err, want) {
			t.Errorf("kept for %q seconds: %v, want %v", age, err, want)
		}
	}
}
