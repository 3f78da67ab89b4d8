"""gradserve on Ray Serve; see README.md beside this file."""
