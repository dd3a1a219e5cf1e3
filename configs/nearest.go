package configs

import "reflect"

// nearest gives the key that was probably meant: the only one at most two
// letters away.
func nearest(key string, fields map[string]reflect.Value) string {
	best, distance, ties := "", 3, 0
	for name := range fields {
		switch d := apart(key, name); {
		case d < distance:
			best, distance, ties = name, d, 0
		case d == distance:
			ties++
		}
	}
	if ties > 0 || 2*distance >= len(best) {
		return ""
	}
	return best
}

// apart counts the letters to change, add or drop between two words.
func apart(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
