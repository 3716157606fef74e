"""The function with marks of time in it, for the breakdown of a cold start.

This folder is on the path of the measured process: sitecustomize.py is the first of our lines that
runs there, and main.py stands before function/main.py. MARKS names the file for the marks.
"""
