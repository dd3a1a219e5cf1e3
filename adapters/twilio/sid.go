package twilio

import "strings"

// sidDigits is the number of hexadecimal digits after a SID's two letters.
const sidDigits = 32

// validMessageSID reports whether s is the id of a text: SM or MM (one with a
// picture) and 32 lower-case hexadecimal digits.
func validMessageSID(s string) bool { return validSID(s, "SM") || validSID(s, "MM") }

func validSID(s, letters string) bool {
	digits, ok := strings.CutPrefix(s, letters)
	if !ok || len(digits) != sidDigits {
		return false
	}
	for i := range len(digits) {
		if d := digits[i]; (d < '0' || d > '9') && (d < 'a' || d > 'f') {
			return false
		}
	}
	return true
}

func isAlphanumeric(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

func trimSlash(s string) string { return strings.TrimRight(s, "/") }
