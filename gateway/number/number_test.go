package number_test

import (
	"bufio"
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bellman/gateway"
	"bellman/gateway/gatewaytest"
	"bellman/gateway/number"
)

const (
	missing  = gateway.NumberMissing
	mobile   = gateway.NumberMobile
	landline = gateway.NumberLandline
	other    = gateway.NumberOther
	unclear  = gateway.NumberUnclear
)

// fields are contents of mobile fields as practices export them. The mobiles are
// of Ofcom's drama range, or the numbers of the published vectors.
var fields = []struct {
	name, raw, want string
	kind            gateway.NumberKind
}{
	{"national with a space", "07700 900123", "+447700900123", mobile},
	{"national without", "07700900123", "+447700900123", mobile},
	{"spaces everywhere", " 0 7 7 0 0 9 0 0 1 2 3 ", "+447700900123", mobile},
	{"dashes", "07700-900-123", "+447700900123", mobile},
	{"typographic dashes", "07700\u2013900\u2212123", "+447700900123", mobile},
	{"dots", "07700.900.123", "+447700900123", mobile},
	{"country code", "+447700900123", "+447700900123", mobile},
	{"country code in brackets", "(+44) 7700 900123", "+447700900123", mobile},
	{"country code and bracketed zero", "+44 (0)7700 900123", "+447700900123", mobile},
	{"country code and stray zero", "+4407700900123", "+447700900123", mobile},
	{"country code without plus", "447700900123", "+447700900123", mobile},
	{"double zero", "00447700900123", "+447700900123", mobile},
	{"double zero and bracketed zero", "0044 (0) 7700 900123", "+447700900123", mobile},
	{"leading zero eaten by a spreadsheet", "7700900123", "+447700900123", mobile},
	{"no-break space", "07700\u00a0900123", "+447700900123", mobile},
	{"invisible marks of pasted text", "\u202a07700 900123\u202c", "+447700900123", mobile},
	{"zero-width space", "07700\u200b900123", "+447700900123", mobile},
	{"byte order mark", "\ufeff07700900123", "+447700900123", mobile},
	{"a tab and a line end", "\t07700 900123\r\n", "+447700900123", mobile},
	{"Guernsey", "07911 123456", "+447911123456", mobile},
	{"Guernsey, another range", "07781 123456", "+447781123456", mobile},
	{"Jersey", "07797 712345", "+447797712345", mobile},
	{"Isle of Man, inside the pagers' range", "07624 123456", "+447624123456", mobile},

	{"empty", "", "", missing},
	{"only spaces", " \t ", "", missing},
	{"many spaces", strings.Repeat(" ", 400), "", missing},
	{"only a dash", "-", "", missing},

	{"a London landline", "020 7946 0000", "", landline},
	{"a landline of the drama range", "01632 960011", "", landline},
	{"a landline with country code", "+44 1632 960011", "", landline},
	{"Jersey landline", "01534 720000", "", landline},

	{"a pager", "07600 123456", "", other},
	{"another pager", "07699 123456", "", other},
	{"a personal number, which costs a pound a minute", "070 2212 3456", "", other},
	{"a freephone number", "0800 111 1111", "", other},
	{"a UK-wide number", "0300 123 1111", "", other},
	{"an internet telephone", "056 0012 3456", "", other},
	{"Ireland", "+353 87 123 4567", "", other},
	{"Ireland by double zero", "00353871234567", "", other},
	{"France", "+33 6 12 34 56 78", "", other},

	{"a letter O for the first zero", "O7700900123", "", unclear},
	{"a letter O for the last zero", "0770090012O", "", unclear},
	{"a letter at the end", "0770090012M", "", unclear},
	{"a name beside it", "07700900123 (mum)", "", unclear},
	{"a word before it", "mob 07700900123", "", unclear},
	{"an extension", "07700900123x12", "", unclear},
	{"an extension by a space", "07700900123 12", "", unclear},
	{"two numbers by a slash", "07700900123/07700900456", "", unclear},
	{"two numbers by a space", "07700900123 07700900456", "", unclear},
	{"two numbers by a line end", "07700900123\n07700900456", "", unclear},
	{"two numbers by a comma", "07700900123,07700900456", "", unclear},
	{"two numbers by or", "07700 900123 or 01632 960011", "", unclear},
	{"a dialling code of America for us", "011447700900123", "", unclear},
	{"one digit short", "0770090012", "", unclear},
	{"one digit long", "077009001234", "", unclear},
	{"country code twice", "+44447700900123", "", unclear},
	{"Arabic digits", "٠٧٧٠٠٩٠٠١٢٣", "", unclear},
	{"full-width digits", "０７７００９００１２３", "", unclear},
	{"quotes", "“07700900123”", "", unclear},
	{"the apostrophe that only the files adapter may drop", "'07700900123", "", unclear},
	{"a hash", "07700900123#", "", unclear},
	{"a star code before it", "*67 07700900123", "", unclear},
	{"a web address", "tel:+447700900123", "", unclear},
	{"a spreadsheet's power of ten", "4.4770E+11", "", unclear},
	{"a decimal of a spreadsheet", "447700900123.0", "", unclear},
	{"plus in the middle", "07700+900123", "", unclear},
	{"two pluses", "++447700900123", "", unclear},
	{"only a plus", "+", "", unclear},
	{"words", "n/a", "", unclear},
	{"no phone", "none", "", unclear},
	{"an e-mail address", "a@example.org", "", unclear},
	{"an emergency number", "999", "", unclear},
	{"a short code", "62222", "", unclear},
	{"zeros", "00000000000", "", unclear},
	{"sevens", "07777 777777", "", unclear},
	{"nines", "07999999999", "", unclear},
	{"ones", "+44 7111 111111", "", unclear},
	{"an NHS number in the wrong column", "999 000 0018", "", unclear},
	{"a formula", "=1+1", "", unclear},
	{"bytes that are not text", "0770\xff0900123", "", unclear},
	{"very long", strings.Repeat("07700900123 ", 50), "", unclear},
}

func TestFieldsAsClinicsFillThem(t *testing.T) {
	t.Parallel()
	for _, f := range fields {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			phone, kind := number.Parse(f.raw, true)
			if kind != f.kind || phone.Reveal() != f.want {
				t.Errorf("kind %d, right number %t; want kind %d", kind, phone.Reveal() == f.want, f.kind)
			}
		})
	}
}

func TestDramaNumbersAreMobilesOnlyInATrial(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"07700 900000", "+447700900999"} {
		if _, kind := number.Parse(raw, true); kind != mobile {
			t.Errorf("trial: kind %d, want a mobile", kind)
		}
		if phone, kind := number.Parse(raw, false); kind != other || !phone.IsZero() {
			t.Errorf("live: kind %d, want not a mobile and no number", kind)
		}
	}
	for _, raw := range []string{"07700 901000", "07700 90000", "07700 9000000"} {
		if _, kind := number.Parse(raw, true); kind == mobile {
			t.Error("a number beside the drama range counted as a mobile")
		}
	}
}

// TestPublishedVectors holds us to the outputs of libphonenumber, where it is
// right to follow it: a valid mobile of country code 44 made of digits and
// separators. On everything else the library is more trusting than we may be.
func TestPublishedVectors(t *testing.T) {
	t.Parallel()
	ordinary := regexp.MustCompile(`^[0-9 ()+.-]+$`)
	for _, name := range []string{"uk_phone_vectors.tsv", "uk_phone_vectors_dirty.tsv"} {
		for _, row := range readVectors(t, name) {
			phone, kind := number.Parse(row.raw, false)
			want := row.valid && row.kind == "MOBILE" && strings.HasPrefix(row.e164, "+44") && ordinary.MatchString(row.raw)
			switch {
			case want && (kind != mobile || phone.Reveal() != row.e164):
				t.Errorf("%s line %d: kind %d, want the mobile of the vector", name, row.line, kind)
			case !want && kind == mobile:
				t.Errorf("%s line %d: counted as a mobile", name, row.line)
			case row.kind == "FIXED_LINE" && kind != landline:
				t.Errorf("%s line %d: kind %d, want a landline", name, row.line, kind)
			}
		}
	}
}

type vector struct {
	line            int
	raw, e164, kind string
	valid           bool
}

func readVectors(t *testing.T, name string) []vector {
	t.Helper()
	var out []vector
	lines := bufio.NewScanner(bytes.NewReader(gatewaytest.Sample(t, "oracles/"+name)))
	for n := 1; lines.Scan(); n++ {
		cells := strings.Split(lines.Text(), "\t")
		if strings.HasPrefix(cells[0], "#") {
			continue
		}
		raw, err := strconv.Unquote(cells[0])
		if err != nil {
			t.Fatalf("%s line %d: input is not quoted", name, n)
		}
		v := vector{line: n, raw: raw}
		if len(cells) >= 5 {
			v.e164, v.valid, v.kind = cells[1], cells[2] == "true", cells[4]
		}
		out = append(out, v)
	}
	if len(out) == 0 {
		t.Fatalf("%s holds no vectors", name)
	}
	return out
}

var tenDigits = regexp.MustCompile(`^\+44[0-9]{10}$`)

// check is what must hold of any answer to any input.
func check(t interface{ Errorf(string, ...any) }, raw string, trial bool) {
	phone, kind := number.Parse(raw, trial)
	if kind == mobile {
		if !tenDigits.MatchString(phone.Reveal()) {
			t.Errorf("a mobile that is not +44 and ten digits")
		}
		if again, k := number.Parse(phone.Reveal(), trial); k != mobile || again != phone {
			t.Errorf("an accepted number is not accepted again")
		}
		if regexp.MustCompile(`\pL`).MatchString(raw) {
			t.Errorf("a field with letters counted as a mobile")
		}
		return
	}
	if !phone.IsZero() {
		t.Errorf("kind %d came with a number", kind)
	}
}

func TestEveryMobileIsPlus44AndTenDigits(t *testing.T) {
	t.Parallel()
	digitsAndNoise := rapid.StringOfN(rapid.RuneFrom([]rune("0123456789012345678907744+ ()-./xO\u00a0\u200b٠")), 0, 20, -1)
	nearlyRight := rapid.StringMatching(`(\+44 ?\(?0?\)?|0044|0|44)?7[0-9]{3}[ -]?[0-9]{6}[0-9a-z ]{0,2}`)
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.OneOf(digitsAndNoise, nearlyRight, rapid.String()).Draw(t, "field")
		check(t, raw, rapid.Bool().Draw(t, "trial"))
	})
}

func TestSeparatorsDoNotChangeTheNumber(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		digits := "07700900" + rapid.StringMatching(`[0-9]{3}`).Draw(t, "last three")
		var b strings.Builder
		for _, d := range digits {
			b.WriteRune(d)
			b.WriteString(rapid.SampledFrom([]string{"", "", "", " ", "-", ".", "\u00a0", "\u200b"}).Draw(t, "separator"))
		}
		phone, kind := number.Parse(b.String(), true)
		if kind != mobile || phone.Reveal() != "+44"+digits[1:] {
			t.Errorf("kind %d: separators changed what the number is", kind)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range fields {
		f.Add(s.raw, true)
		f.Add(s.raw, false)
	}
	f.Fuzz(func(t *testing.T, raw string, trial bool) { check(t, raw, trial) })
}
