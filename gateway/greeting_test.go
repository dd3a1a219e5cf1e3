package gateway_test

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"bellman/gateway"
)

var greets = gateway.Extras{FirstName: true}

func greeting(name string) string {
	return greets.Greeting(gateway.NewName(name), gateway.Reader{Grown: true}).Reveal()
}

func TestNamesAsTextsGreetByThem(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"Sam": "Sam", "sam": "Sam", "SAM": "Sam", "  Sam ": "Sam", "Al": "Al", "Jo-Ann": "Jo-Ann", "JO-ANN": "Jo-Ann",
		"Mary Ann": "Mary Ann", "mary  ann": "Mary Ann", "D'Arcy": "D'Arcy", "D’ARCY": "D’Arcy", "LeRoy": "LeRoy", "McKenzie": "McKenzie",
		"Siân": "Siân", "SIÂN": "Siân", "Llŷr": "Llŷr", "Sia\u0302n": "Sia\u0302n", "Zoë": "Zoë", "Łukasz": "Łukasz", "Ng": "Ng",
		"Christopher-Benjamin": "Christopher-Benjamin",
		// None is greeted by these.
		"": "", " ": "", "J": "", "J.": "", "J P": "", "JP": "", "J.P.": "", "Mary J": "", "AL": "",
		"Mr": "", "Mrs Sam": "", "Baby": "", "Baby Jones": "", "TWIN 1": "", "Twin": "", "Unknown": "", "NOT KNOWN": "", "Test": "", "Patient": "", "XX": "", "zz-zz": "",
		"Sam1": "", "Sam (Samuel)": "", "Sam/Samuel": "", "Sam, Mr": "", "{name}": "", "<b>Sam</b>": "", "=Sam": "", "Sam\u202emaS": "", "Sam😀": "",
		"Михаил": "", "محمد": "", "李娜": "", "-Sam": "", "'Sam": "", "Sam-": "", "Sam'": "",
		"Christopher-Benjamins": "", "Bartholomew Christopher Benjamin": "",
	} {
		if got := greeting(typed); got != want {
			t.Errorf("%q greets %q, not %q", typed, got, want)
		}
	}
}

func TestWhoIsGreetedByName(t *testing.T) {
	t.Parallel()
	family := gateway.Extras{FirstName: true, Family: true}
	for what, c := range map[string]struct {
		extras gateway.Extras
		reader gateway.Reader
		want   bool
	}{
		"who is grown up and alone on the number":           {greets, gateway.Reader{Grown: true}, true},
		"nobody where the practice does not want it":        {gateway.Extras{}, gateway.Reader{Grown: true}, false},
		"nobody where it only wants families told apart":    {gateway.Extras{Family: true}, gateway.Reader{Grown: true, Shared: true}, false},
		"nobody of whom it is not known that they are 16":   {greets, gateway.Reader{}, false},
		"nobody on a number that several have":              {greets, gateway.Reader{Grown: true, Shared: true}, false},
		"a family where the practice wants them told apart": {family, gateway.Reader{Grown: true, Shared: true}, true},
		"no child of such a family":                         {family, gateway.Reader{Shared: true}, false},
		"nobody at a sensitive clinic":                      {family, gateway.Reader{Grown: true, Sensitive: true}, false},
	} {
		if got := !c.extras.Greeting(gateway.NewName("Sam"), c.reader).IsZero(); got != c.want {
			t.Errorf("%s: greeted %t", what, got)
		}
	}
}

// TestWhateverIsTypedAsANameAGreetingIsShortAndOfLatinLetters draws anything that
// can stand in a field for names.
func TestWhateverIsTypedAsANameAGreetingIsShortAndOfLatinLetters(t *testing.T) {
	t.Parallel()
	typed := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Za-zéŵŷÂ' .-]{1,25}`))
	rapid.Check(t, func(t *rapid.T) {
		got := greeting(typed.Draw(t, "typed"))
		if got == "" {
			return
		}
		letters := []rune(got)
		if len(letters) < 2 || len(letters) > 20 || strings.Contains(got, "  ") {
			t.Error("too short, too long, or untidy")
		}
		for _, r := range letters {
			if !unicode.In(r, unicode.Latin, unicode.Mn) && !strings.ContainsRune(" '’ʼ-", r) {
				t.Errorf("holds %q", r)
			}
		}
		if again := greeting(got); again != got {
			t.Error("is another name when it is read again")
		}
	})
}

// TestAVisitsPatientIsGreetedByWhatIsKnownOfThem takes the age, the number and the
// clinic from the facts of the visit.
func TestAVisitsPatientIsGreetedByWhatIsKnownOfThem(t *testing.T) {
	t.Parallel()
	facts := func(change func(*gateway.Facts)) gateway.Facts {
		f := gateway.Facts{Appointment: gateway.Appointment{Age: gateway.AgeAdult, Patient: gateway.Patient{Name: gateway.NewName("Sam")}}}
		change(&f)
		return f
	}
	for what, c := range map[string]struct {
		change func(*gateway.Facts)
		want   string
	}{
		"an adult":                     {func(*gateway.Facts) {}, "Sam"},
		"who is 16":                    {func(f *gateway.Facts) { f.Appointment.Age = gateway.Age16To17 }, "Sam"},
		"who is 15":                    {func(f *gateway.Facts) { f.Appointment.Age = gateway.Age11To15 }, ""},
		"a child":                      {func(f *gateway.Facts) { f.Appointment.Age = gateway.AgeUnder11 }, ""},
		"of no known age":              {func(f *gateway.Facts) { f.Appointment.Age = gateway.AgeUnsaid }, ""},
		"of an age not understood":     {func(f *gateway.Facts) { f.Appointment.Age = gateway.AgeUnclear }, ""},
		"of an age of a later version": {func(f *gateway.Facts) { f.Appointment.Age = gateway.AgeAdult + 1 }, ""},
		"on a number of several":       {func(f *gateway.Facts) { f.Shared = true }, ""},
		"at a sensitive clinic":        {func(f *gateway.Facts) { f.Appointment.Class = gateway.ClinicSensitive }, ""},
		"whom only the record names": {func(f *gateway.Facts) {
			f.Appointment.Patient.Name, f.Appointment.Patient.Greeting = gateway.Name{}, gateway.NewName("Ann")
		}, "Ann"},
		"whose name has changed": {func(f *gateway.Facts) { f.Appointment.Patient.Greeting = gateway.NewName("Ann") }, "Sam"},
	} {
		if got := greets.Greeted(facts(c.change)).Reveal(); got != c.want {
			t.Errorf("%s: greeted %q, not %q", what, got, c.want)
		}
		if !(gateway.Extras{}).Greeted(facts(c.change)).IsZero() {
			t.Errorf("%s: greeted though the practice does not want it", what)
		}
	}
}
