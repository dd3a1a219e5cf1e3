package message

import (
	"errors"
	"strings"
	"testing"
	"time"

	"bellman/gateway"
)

// TestATextThatSaysAnotherTimeIsCaught gives the check the faults that renderers
// are known for: the clock of UTC, the wrong weekday, day and month swapped, noon
// for midnight, a time cut off, a gap left open.
func TestATextThatSaysAnotherTimeIsCaught(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.July, 1, 9, 0, 0, 0, gateway.London())
	start := time.Date(2026, time.July, 8, 9, 10, 0, 0, gateway.London())
	v := gaps{practice: "Riverside Surgery", phone: "01632 960001"}
	const end = " To change it, call 01632 960001."
	if err := check("You have an appointment with Riverside Surgery on Wednesday 8 July at 9:10am."+end, v, start, English, now); err != nil {
		t.Fatalf("the right text is refused: %v", err)
	}
	for name, text := range map[string]string{
		"the clock of UTC":           "Riverside Surgery on Wednesday 8 July at 8:10am." + end,
		"afternoon for morning":      "Riverside Surgery on Wednesday 8 July at 9:10pm." + end,
		"another weekday":            "Riverside Surgery on Tuesday 8 July at 9:10am." + end,
		"another day":                "Riverside Surgery on Wednesday 15 July at 9:10am." + end,
		"day and month swapped":      "Riverside Surgery on Friday 7 August at 9:10am." + end,
		"another year":               "Riverside Surgery on Thursday 8 July 2027 at 9:10am." + end,
		"a weekday that is none":     "Riverside Surgery on Yesterday 8 July at 9:10am." + end,
		"a month that is none":       "Riverside Surgery on Wednesday 8 Juli at 9:10am." + end,
		"a day that is none":         "Riverside Surgery on Wednesday 38 July at 9:10am." + end,
		"a time of 24 hours":         "Riverside Surgery on Wednesday 8 July at 09:10." + end,
		"no time":                    "Riverside Surgery on Wednesday 8 July." + end,
		"a time cut off":             "Riverside Surgery on Wednesday 8 July at 9:1",
		"two dates":                  "Riverside Surgery on Wednesday 8 July at 9:10am. Or on Wednesday 8 July at 9:10am." + end,
		"the other language":         "Riverside Surgery ar ddydd Mercher 8 Gorffennaf am 9:10am." + end,
		"a gap left open":            "{practice} Riverside Surgery on Wednesday 8 July at 9:10am." + end,
		"a template's missing value": "<no value> Riverside Surgery on Wednesday 8 July at 9:10am." + end,
		"a template left in":         "{{.Practice}} Riverside Surgery on Wednesday 8 July at 9:10am." + end,
		"a formatting fault":         "%!s(MISSING) Riverside Surgery on Wednesday 8 July at 9:10am." + end,
		"an HTML escape":             "O&#39;Neill Riverside Surgery on Wednesday 8 July at 9:10am." + end,
		"a hole":                     "Riverside Surgery  on Wednesday 8 July at 9:10am." + end,
		"no practice":                "Appointment on Wednesday 8 July at 9:10am." + end,
		"no phone":                   "Riverside Surgery on Wednesday 8 July at 9:10am.",
		"nothing":                    "",
	} {
		if check(text, v, start, English, now) == nil {
			t.Errorf("%s: not caught", name)
		}
	}
	for name, told := range map[string]gaps{
		"no place": {practice: v.practice, phone: v.phone, place: "Quay Branch"},
		"no code":  {practice: v.practice, phone: v.phone, code: "4821"},
	} {
		if check("Riverside Surgery on Wednesday 8 July at 9:10am."+end, told, start, English, now) == nil {
			t.Errorf("%s: not caught", name)
		}
	}
}

func TestWelshIsReadBackByItsOwnWords(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.July, 1, 9, 0, 0, 0, gateway.London())
	got, err := readBack("ar ddydd Mercher 8 Gorffennaf am hanner dydd.", Welsh, now)
	if want := time.Date(2026, time.July, 8, 12, 0, 0, 0, gateway.London()); err != nil || !got.Equal(want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	if _, err := readBack("ar ddydd Mawrth 8 Gorffennaf am hanner dydd.", Welsh, now); !errors.Is(err, errWrongWhen) {
		t.Errorf("a wrong Welsh weekday: %v", err)
	}
}

// TestADayThatTheMonthLacksIsNotTheNextMonths: 31 June is not 1 July, even where
// the weekday would agree.
func TestADayThatTheMonthLacksIsNotTheNextMonths(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.June, 24, 9, 0, 0, 0, gateway.London())
	if _, err := readBack("on Wednesday 31 June at 9:10am.", English, now); !errors.Is(err, errWrongWhen) {
		t.Errorf("read as a day: %v", err)
	}
}

// TestWelshStaysInTheCheapAlphabet guards the length of bilingual texts: one
// circumflex would make five segments of two.
func TestWelshStaysInTheCheapAlphabet(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]script{"english": english, "welsh": welsh} {
		all := strings.Join([]string{
			script.appointment, script.telephone, script.video, script.homeVisit, script.change, script.stop,
			script.changeOrStop, script.stopped, script.started, script.help, script.notMonitored, script.urgent, script.urgentNI,
		}, "")
		if e, _ := Count(all); e != GSM7 {
			t.Errorf("%s holds a character outside the GSM alphabet", name)
		}
	}
	for i := range welshMonths {
		if e, _ := Count(welshMonths[i] + welshDays[i%7]); e != GSM7 {
			t.Errorf("month or day %d holds a character outside the GSM alphabet", i)
		}
	}
}
