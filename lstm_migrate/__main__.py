"""`python -m lstm_migrate`: the same as the command `lstm-migrate`."""

from lstm_migrate.cli import main

if __name__ == "__main__":
    main()
