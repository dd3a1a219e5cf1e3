package gateway_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"log"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"text/template"

	"pgregory.net/rapid"

	"bellman/gateway"
)

// canary is the content of every private value below. Its pieces are looked for
// too, since a printer may cut or quote.
const canary = "+447700900123-Cadwallader-9990000018"

var pieces = []string{"7700900123", "Cadwallader", "9990000018"}

// everyPrivate holds one value of each private type.
func everyPrivate() map[string]any {
	return map[string]any{
		"Phone": gateway.NewPhone(canary), "Name": gateway.NewName(canary), "NHSNumber": gateway.NewNHSNumber(canary),
		"Text": gateway.NewText(canary), "Secret": gateway.NewSecret(canary),
		"ClinicName": gateway.NewClinicName(canary), "Birth": gateway.NewBirth(1999, 12, 31),
	}
}

// holder has private values where records have them: exported, unexported,
// embedded, by pointer, in collections, behind any.
type holder struct {
	gateway.Phone
	Name    gateway.Name
	nhs     gateway.NHSNumber
	Pointer *gateway.Text
	List    []gateway.Secret
	Keys    map[gateway.Phone]int
	Values  map[string]gateway.Phone
	Any     any
	Deep    struct{ hidden []map[string]*gateway.Name }
}

func newHolder() holder {
	text, name := gateway.NewText(canary), gateway.NewName(canary)
	h := holder{
		Phone: gateway.NewPhone(canary), Name: name, nhs: gateway.NewNHSNumber(canary), Pointer: &text,
		List: []gateway.Secret{gateway.NewSecret(canary)}, Keys: map[gateway.Phone]int{gateway.NewPhone(canary): 1},
		Values: map[string]gateway.Phone{"mobile": gateway.NewPhone(canary)}, Any: gateway.NewPhone(canary),
	}
	h.Deep.hidden = []map[string]*gateway.Name{{"a": &name}}
	return h
}

// wraps are the shapes in which a value reaches a printer.
var wraps = map[string]func(any) any{
	"itself": func(v any) any { return v },
	"a pointer to it": func(v any) any {
		p := reflect.New(reflect.TypeOf(v))
		p.Elem().Set(reflect.ValueOf(v))
		return p.Interface()
	},
	"a slice of it":     func(v any) any { return []any{v, v} },
	"a map to it":       func(v any) any { return map[string]any{"k": v} },
	"a map from it":     func(v any) any { return map[any]string{v: "k"} },
	"an exported field": func(v any) any { return struct{ V any }{v} },
	"a hidden field":    func(v any) any { return struct{ v any }{v} },
	"a pointer to a struct of a slice": func(v any) any {
		return &struct{ vs []any }{[]any{v}}
	},
	"a whole record": func(any) any { return newHolder() },
	"a pointer to a whole record": func(any) any {
		h := newHolder()
		return &h
	},
}

// printers are the ways to print, each giving what came out. An error that they
// give is output too: it ends in a log.
var printers = map[string]func(any) string{
	"fmt.Sprint":        func(v any) string { return fmt.Sprint(v) },
	"fmt.Sprintln":      func(v any) string { return fmt.Sprintln(v) },
	"every verb of fmt": everyVerb,
	"an error by %v":    func(v any) string { return fmt.Errorf("send to %v: %w", v, io.EOF).Error() },
	"an error by %w":    func(v any) string { return fmt.Errorf(formatW(), v).Error() },
	"a joined error":    func(v any) string { return errors.Join(fmt.Errorf("a %s", v), fmt.Errorf("b %q", v)).Error() },
	"a panic's message": panicMessage,
	"the log package":   logged,
	"slog as text": func(v any) string {
		return slogged(v, func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) })
	},
	"slog as JSON": func(v any) string {
		return slogged(v, func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) })
	},
	"encoding/json":           func(v any) string { return marshalled(json.Marshal(v)) },
	"encoding/json, indented": func(v any) string { return marshalled(json.MarshalIndent(v, "", " ")) },
	"a JSON encoder": func(v any) string {
		var b bytes.Buffer
		err := json.NewEncoder(&b).Encode(v)
		return b.String() + fmt.Sprint(err)
	},
	"encoding/xml": func(v any) string { return marshalled(xml.Marshal(v)) },
	"encoding/gob": func(v any) string {
		var b bytes.Buffer
		err := gob.NewEncoder(&b).Encode(v)
		return b.String() + fmt.Sprint(err)
	},
	"text/template": func(v any) string {
		return executed(template.Must(template.New("").Parse(`{{.}} {{print .}} {{printf "%v %q %x" . . .}} {{html .}} {{js .}} {{urlquery .}}`)), v)
	},
	"html/template": func(v any) string {
		const page = `<p title="{{.}}">{{.}}</p><a href="/?q={{.}}">x</a><script>var v = {{.}};</script><style>p { color: {{.}} }</style>`
		return executed(htmltemplate.Must(htmltemplate.New("").Parse(page)), v)
	},
	"a walk by reflection": func(v any) string { return walked(reflect.ValueOf(v), 0) },
	"a testing message":    func(v any) string { return fmt.Sprintf("got %+v, want %+v", v, v) },
	"its String method, if it has one": func(v any) string {
		if s, ok := v.(fmt.Stringer); ok {
			return s.String()
		}
		return ""
	},
	"its GoString method, if it has one": func(v any) string {
		if s, ok := v.(fmt.GoStringer); ok {
			return s.GoString()
		}
		return ""
	},
	"its MarshalText method, if it has one": func(v any) string {
		if m, ok := v.(interface{ MarshalText() ([]byte, error) }); ok {
			return marshalled(m.MarshalText())
		}
		return ""
	},
}

// formatW hides the verb from vet, which rightly forbids %w for what is no error.
func formatW() string { return "send to %" + "w" }

func everyVerb(v any) string {
	var b strings.Builder
	for verb := '!'; verb <= '~'; verb++ {
		for _, flags := range []string{"", "+", "#", "-", " ", "0", "40", ".3", "+#", "# x"} {
			fmt.Fprintf(&b, "%"+flags+string(verb)+"\n", v)
		}
	}
	return b.String()
}

func panicMessage(v any) (message string) {
	defer func() { message = fmt.Sprint(recover()) }()
	panic(v)
}

func logged(v any) string {
	var b bytes.Buffer
	l := log.New(&b, "", 0)
	l.Print(v)
	l.Printf("%v %+v %#v %s", v, v, v, v)
	l.Println(v)
	return b.String()
}

func slogged(v any, handler func(io.Writer) slog.Handler) string {
	var b bytes.Buffer
	l := slog.New(handler(&b))
	l.Info("text", "value", v, slog.Any("any", v), slog.Group("group", "value", v))
	l.With("value", v).WithGroup("group").Error("text", "err", fmt.Errorf("send to %v", v))
	l.Info(fmt.Sprint("text ", v))
	return b.String()
}

func marshalled(b []byte, err error) string { return string(b) + fmt.Sprint(err) }

func executed(t interface{ Execute(io.Writer, any) error }, v any) string {
	var b bytes.Buffer
	err := t.Execute(&b, v)
	return b.String() + fmt.Sprint(err)
}

// walked prints as dumpers such as spew and debuggers do: through unexported
// fields and behind every pointer.
func walked(v reflect.Value, depth int) string {
	if depth > 20 || !v.IsValid() {
		return ""
	}
	var b strings.Builder
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		b.WriteString(walked(v.Elem(), depth+1))
	case reflect.Struct:
		for i := range v.NumField() {
			b.WriteString(walked(v.Field(i), depth+1) + " ")
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			b.WriteString(walked(v.Index(i), depth+1) + " ")
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			b.WriteString(walked(k, depth+1) + ":" + walked(v.MapIndex(k), depth+1) + " ")
		}
	case reflect.String:
		b.WriteString(v.String())
	case reflect.Uint8:
		b.WriteByte(byte(v.Uint()))
	}
	return b.String()
}

func TestPrivateValuesDoNotPrint(t *testing.T) {
	t.Parallel()
	if len(printers) < 22 {
		t.Errorf("only %d ways to print are tried", len(printers))
	}
	for printer, print := range printers {
		t.Run(printer, func(t *testing.T) {
			t.Parallel()
			for kind, value := range everyPrivate() {
				for shape, wrap := range wraps {
					out := strings.ToLower(print(wrap(value)))
					for _, piece := range pieces {
						for encoding, needle := range map[string]string{"clear": piece, "hex": fmt.Sprintf("%x", piece), "bytes": strings.Trim(fmt.Sprint([]byte(piece)), "[]")} {
							if strings.Contains(out, strings.ToLower(needle)) {
								t.Errorf("%s as %s leaks in %s", kind, shape, encoding)
							}
						}
					}
				}
			}
		})
	}
}

// TestThePrintersDoPrint gives the same printers a plain string: each must show
// it, or it proves nothing above.
func TestThePrintersDoPrint(t *testing.T) {
	t.Parallel()
	for printer, print := range printers {
		if strings.Contains(printer, "if it has one") {
			continue
		}
		out := print(canary)
		if !strings.Contains(out, pieces[0]) && !strings.Contains(out, fmt.Sprintf("%x", pieces[0])) {
			t.Errorf("%s shows nothing of a plain string", printer)
		}
	}
}

func TestMarshallingRefuses(t *testing.T) {
	t.Parallel()
	for kind, value := range everyPrivate() {
		if b, err := json.Marshal(value); !errors.Is(err, gateway.ErrPrivate) || len(b) != 0 {
			t.Errorf("%s, JSON: %v", kind, err)
		}
		if b, err := json.Marshal(map[string]any{"v": []any{value}}); !errors.Is(err, gateway.ErrPrivate) || len(b) != 0 {
			t.Errorf("%s, JSON deep down: %v", kind, err)
		}
		if _, err := xml.Marshal(value); !errors.Is(err, gateway.ErrPrivate) {
			t.Errorf("%s, XML: %v", kind, err)
		}
		if err := gob.NewEncoder(io.Discard).Encode(value); err == nil {
			t.Errorf("%s, gob: no refusal", kind)
		}
	}
	if _, err := json.Marshal(map[gateway.Phone]int{gateway.NewPhone(canary): 1}); err == nil {
		t.Error("a map by number, JSON: no refusal")
	}
	// An empty one refuses too: what works on the first patient without a number
	// must not fail on the second.
	if _, err := json.Marshal(gateway.Phone{}); !errors.Is(err, gateway.ErrPrivate) {
		t.Errorf("a zero number, JSON: %v", err)
	}
}

// TestLogsSayThatSomethingPrivateWasThere: a refusal to marshal would look like a
// fault of the log.
func TestLogsSayThatSomethingPrivateWasThere(t *testing.T) {
	t.Parallel()
	for kind, value := range everyPrivate() {
		for _, name := range []string{"fmt.Sprint", "slog as text", "slog as JSON"} {
			if out := printers[name](value); !strings.Contains(out, "[private]") || strings.Contains(out, "ERROR:") {
				t.Errorf("%s by %s: %s", kind, name, out)
			}
		}
	}
}

func TestPrivateValuesGiveBackWhatTheyHold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, other := rapid.String().Draw(t, "value"), rapid.String().Draw(t, "other")
		for kind, got := range map[string]string{
			"Phone": gateway.NewPhone(s).Reveal(), "Name": gateway.NewName(s).Reveal(), "NHSNumber": gateway.NewNHSNumber(s).Reveal(),
			"Text": gateway.NewText(s).Reveal(), "Secret": gateway.NewSecret(s).Reveal(),
		} {
			if got != s {
				t.Errorf("%s does not give back what went in", kind)
			}
		}
		if (gateway.NewPhone(s) == gateway.NewPhone(other)) != (s == other) {
			t.Error("two numbers are equal exactly when their digits are")
		}
		if gateway.NewPhone(s).IsZero() != (s == "") {
			t.Error("a number is zero exactly when it is empty")
		}
	})
}

func TestOnlyTheLastThreeDigitsShow(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{"+447700900123": "123", "1234": "234", "123": "", "": ""} {
		if got := gateway.NewPhone(number).LastThree(); got != want {
			t.Errorf("%d digits show %q, want %q", len(number), got, want)
		}
	}
}

func TestASecretIsReadFromTheConfiguration(t *testing.T) {
	t.Parallel()
	var s gateway.Secret
	if err := s.UnmarshalText([]byte(canary)); err != nil || s != gateway.NewSecret(canary) {
		t.Errorf("not what was written: %v", err)
	}
}
