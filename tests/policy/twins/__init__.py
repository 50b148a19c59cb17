"""What each rule must find: declarations with one thing broken, in each tool's own form."""
