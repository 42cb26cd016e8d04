"""What decides in the metrics API: the rate, who may read it, which certificates are due, whose the APIService is.

Pure: values in, values out. `material` alone uses chance, for keys and serial numbers. No data is an error here, never
0: an autoscaler does nothing on an error, and scales in on a 0.
"""
