"""`python -m copydesk`: the command."""

from copydesk.cli import main

if __name__ == "__main__":
    main()
