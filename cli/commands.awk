# The tasks of deno.json for ./hmog, which may have no Deno yet: lists them and what they do, or, where $WORD is none of
# them, says so in one sentence with the nearest, exit code 2. Reads deno.json as `deno fmt` leaves it.

BEGIN { FS = "\""; word = ENVIRON["WORD"] }
/^  "tasks": / { inside = 1 }
/^  }/ { inside = 0 }
inside && /^    "/ { names[++count] = $2; if (length($2) > width) width = length($2) }
inside && /^      "description": / { meaning[count] = $4 }

END {
  for (i = 1; i <= count; i++) if (names[i] == word) exit 0
  if (word != "") {
    for (i = 1; i <= count; i++) {
      list = list (i > 1 ? ", " : "") names[i]
      edits = distance(word, names[i])
      if (i == 1 || edits < least) { least = edits; nearest = names[i] }
    }
    near = 2 * least <= (length(word) > length(nearest) ? length(word) : length(nearest))
    print "hmog: Cannot run " word ": there is no such command, expected one of " list (near ? "; the nearest is " nearest : "")
    exit 2
  }
  print "Trains hierarchical mixtures of generators, and shows what they have learned.\n"
  for (i = 1; i <= count; i++) printf "  ./hmog %-" width "s  %s\n", names[i], meaning[i]
  print "\n./hmog COMMAND --help says what a command can be asked for."
}

# Insertions, deletions and replacements that make one word of the other.
function distance(a, b,   i, j, cost, row) {
  for (i = 0; i <= length(a); i++) {
    for (j = 0; j <= length(b); j++) {
      cost = substr(a, i, 1) != substr(b, j, 1)
      row[i, j] = i * j == 0 ? i + j : smaller(row[i - 1, j - 1] + cost, smaller(row[i - 1, j], row[i, j - 1]) + 1)
    }
  }
  return row[length(a), length(b)]
}

function smaller(x, y) { return x < y ? x : y }
