"""deck -> teacher: data, splits, training and evaluation. Not here: labels, students, releases."""
