"""What steers the programs that use a card: do those variables and files name what is there?"""
