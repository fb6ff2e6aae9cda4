"""The planted-hack suite: scripted exploits with the judges that fall for them, and honest improvements."""
