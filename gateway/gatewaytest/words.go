package gatewaytest

import "fmt"

// ClockWords writes a time of day as the NHS does, "2pm" or "9:10am" or "midday". It
// is what texts are compared with, and so none of the program's own.
func ClockWords(hour, minute int) string {
	half := "am"
	if hour >= 12 {
		half = "pm"
	}
	if hour == 12 && minute == 0 {
		return "midday"
	}
	if hour > 12 {
		hour -= 12
	}
	if minute == 0 {
		return fmt.Sprintf("%d%s", hour, half)
	}
	return fmt.Sprintf("%d:%02d%s", hour, minute, half)
}
