package message_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"

	"bellman/gateway/gatewaytest"
	"bellman/gateway/message"
)

func TestSegmentsAreCountedAsTheNetworkBillsThem(t *testing.T) {
	t.Parallel()
	a := func(n int) string { return strings.Repeat("a", n) }
	for _, c := range []struct {
		name, text string
		encoding   message.Encoding
		segments   int
	}{
		{"nothing", "", message.GSM7, 1},
		{"one full segment", a(160), message.GSM7, 1},
		{"one more", a(161), message.GSM7, 2},
		{"two full parts", a(306), message.GSM7, 2},
		{"three parts", a(307), message.GSM7, 3},
		{"three full parts", a(459), message.GSM7, 3},
		{"four parts", a(460), message.GSM7, 4},
		{"the pound sign is ordinary", strings.Repeat("£", 160), message.GSM7, 1},
		{"the euro sign counts twice", strings.Repeat("€", 80), message.GSM7, 1},
		{"eighty-one of them", strings.Repeat("€", 81), message.GSM7, 2},
		{"an escape at the border moves on whole", a(152) + "€" + a(152), message.GSM7, 3},
		{"the same length without a border in it", a(151) + "€" + a(153), message.GSM7, 2},
		{"all of the extension", "\f^{}\\[~]|€", message.GSM7, 1},
		{"accents that GSM has", "àèéìòùäöñüÇ", message.GSM7, 1},
		{"a small c cedilla", "ç", message.UCS2, 1},
		{"one e with two dots", "Zoë" + a(67), message.UCS2, 1},
		{"and one letter more", "Zoë" + a(68), message.UCS2, 2},
		{"a Welsh circumflex", "Tŷ Gwyn", message.UCS2, 1},
		{"a curly apostrophe", "St John’s", message.UCS2, 1},
		{"a no-break space", "5\u00a0pm", message.UCS2, 1},
		{"a tab", "a\tb", message.UCS2, 1},
		{"a backtick", "`", message.UCS2, 1},
		{"seventy", strings.Repeat("ŵ", 70), message.UCS2, 1},
		{"seventy-one", strings.Repeat("ŵ", 71), message.UCS2, 2},
		{"two full parts of UCS-2", strings.Repeat("ŵ", 134), message.UCS2, 2},
		{"three parts of UCS-2", strings.Repeat("ŵ", 135), message.UCS2, 3},
		{"thirty-five emoji", strings.Repeat("😀", 35), message.UCS2, 1},
		{"a surrogate pair at the border moves on whole", strings.Repeat("ŵ", 66) + "😀" + strings.Repeat("ŵ", 66), message.UCS2, 3},
		{"the same length without a border in it", strings.Repeat("ŵ", 65) + "😀" + strings.Repeat("ŵ", 67), message.UCS2, 2},
		{"bytes that are not text", "\xff", message.UCS2, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if e, n := message.Count(c.text); e != c.encoding || n != c.segments {
				t.Errorf("%s, %d segments; want %s, %d", e, n, c.encoding, c.segments)
			}
		})
	}
}

func TestSegmentsAgreeWithThePublishedVectors(t *testing.T) {
	t.Parallel()
	raw := gatewaytest.Sample(t, "oracles/sms_segment_vectors.json")
	var file struct {
		Vectors []struct {
			Name, Text string
			Encoding   message.Encoding
			Segments   int
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Vectors) == 0 {
		t.Fatal("the file holds no vectors")
	}
	for _, v := range file.Vectors {
		if e, n := message.Count(v.Text); e != v.Encoding || n != v.Segments {
			t.Errorf("%s: %s, %d segments; want %s, %d", v.Name, e, n, v.Encoding, v.Segments)
		}
	}
}

func TestMoreTextNeverCostsLess(t *testing.T) {
	t.Parallel()
	text := rapid.StringOfN(rapid.RuneFrom([]rune("abc €[]éëŵ😀’\n")), 0, 700, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b := text.Draw(t, "text"), text.Draw(t, "more")
		encoding, n := message.Count(a)
		longer, m := message.Count(a + b)
		if m < n {
			t.Errorf("%d segments became %d with more text", n, m)
		}
		if encoding == message.UCS2 && longer == message.GSM7 {
			t.Error("more text made the encoding simpler")
		}
	})
}

func FuzzCount(f *testing.F) {
	for _, s := range []string{"", "a", "€", "ŵ", "😀", "\xff", "\u200b", strings.Repeat("€", 200)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, n := message.Count(text)
		if n < 1 || n > len(text)/33+1 {
			t.Errorf("%d segments for %d bytes", n, len(text))
		}
		if e != message.GSM7 && e != message.UCS2 {
			t.Errorf("encoding %q", e)
		}
	})
}

// TestSegmentsAgreeWithASlowCount counts random texts as a phone would cut them: it
// takes the longest beginning that still fits into what a segment holds, again and
// again.
func TestSegmentsAgreeWithASlowCount(t *testing.T) {
	t.Parallel()
	letters := rapid.OneOf(
		rapid.RuneFrom([]rune("aaaaaaaa €[]^~|\\{}é£\n\f")),
		rapid.RuneFrom([]rune("aaaaŵŷ😀👍🏽€’\u00a0")),
		rapid.Rune(),
	)
	text := rapid.StringOfN(letters, 0, 500, -1)
	rapid.Check(t, func(t *rapid.T) {
		s := text.Draw(t, "text")
		encoding, n := message.Count(s)
		wantEncoding, want := slowCount(s)
		if encoding != wantEncoding || n != want {
			t.Errorf("%s, %d segments; a phone cuts it into %s, %d", encoding, n, wantEncoding, want)
		}
	})
}

// slowCount spells every character out in the units of its encoding and cuts.
func slowCount(s string) (message.Encoding, int) {
	const basic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	const extended = "\f^{}\\[~]|€"
	encoding, alone, part := message.GSM7, 160, 153
	for _, r := range s {
		if !strings.ContainsRune(basic+extended, r) {
			encoding, alone, part = message.UCS2, 70, 67
		}
	}
	var spelt []string // each character as one X a unit
	for _, r := range s {
		twice := strings.ContainsRune(extended, r)
		if encoding == message.UCS2 {
			twice = len(utf16.Encode([]rune{r})) == 2
		}
		if twice {
			spelt = append(spelt, "XX")
		} else {
			spelt = append(spelt, "X")
		}
	}
	if len(strings.Join(spelt, "")) <= alone {
		return encoding, 1
	}
	segments := 0
	for len(spelt) > 0 {
		fits := len(spelt)
		for len(strings.Join(spelt[:fits], "")) > part {
			fits--
		}
		spelt, segments = spelt[fits:], segments+1
	}
	return encoding, segments
}
