"""What people are told: the facts of every notice, the words they are put in, and samples of each.

Pure, as all of core; which notices are owed is `pipeline`, and how they read is `config/notices`.
"""
